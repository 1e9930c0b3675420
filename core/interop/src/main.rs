//! One session of Noise XXpsk3 with the primitives that `snow` brings, keys fixed: what passes in it, a line each.
//!
//! `core/tests/data/noise.txt` is what this prints; the core's own primitives must make the same bytes of the same keys
//! (`core/src/mesh/session/resolver.rs`). `cargo run --manifest-path core/interop/Cargo.toml > core/tests/data/noise.txt`

use snow::{Builder, HandshakeState, StatelessTransportState};

const PATTERN: &str = "Noise_XXpsk3_25519_ChaChaPoly_SHA256";
const PROLOGUE: &[u8] = b"bitcraps interop";
const PSK: [u8; 32] = [5; 32];

type Result<T> = std::result::Result<T, snow::Error>;

fn main() -> Result<()> {
    let (mut central, mut peripheral) = (end(1, 3, true)?, end(2, 4, false)?);
    println!("# Written by core/interop, which says how.");
    for (name, payload) in [("hail", ""), ("answer", "me"), ("introduction", "and me")] {
        let (mut bytes, mut opened) = ([0; 256], [0; 256]);
        let length = central.write_message(payload.as_bytes(), &mut bytes)?;
        peripheral.read_message(&bytes[..length], &mut opened)?;
        show(name, &bytes[..length]);
        std::mem::swap(&mut central, &mut peripheral);
    }
    // Three messages passed, so the ends have changed places.
    std::mem::swap(&mut central, &mut peripheral);
    show("hash", central.get_handshake_hash());
    let (mut central, mut peripheral) = (
        central.into_stateless_transport_mode()?,
        peripheral.into_stateless_transport_mode()?,
    );
    records(&central, &peripheral, "record")?;
    for end in [&mut central, &mut peripheral] {
        end.rekey_outgoing();
        end.rekey_incoming();
    }
    records(&central, &peripheral, "rekeyed")
}

fn end(private: u8, ephemeral: u8, is_central: bool) -> Result<HandshakeState> {
    let (private, ephemeral) = ([private; 32], [ephemeral; 32]);
    let builder = Builder::new(PATTERN.parse()?)
        .prologue(PROLOGUE)?
        .psk(3, &PSK)?
        .local_private_key(&private)?
        .fixed_ephemeral_key_for_testing_only(&ephemeral);
    if is_central {
        builder.build_initiator()
    } else {
        builder.build_responder()
    }
}

fn records(
    central: &StatelessTransportState,
    peripheral: &StatelessTransportState,
    name: &str,
) -> Result<()> {
    for (from, to, nonce) in [(central, peripheral, 0), (peripheral, central, 1 << 40)] {
        let (mut sealed, mut opened) = ([0; 64], [0; 64]);
        let length = from.write_message(nonce, b"a bet on the line", &mut sealed)?;
        to.read_message(nonce, &sealed[..length], &mut opened)?;
        show(name, &sealed[..length]);
    }
    Ok(())
}

fn show(name: &str, bytes: &[u8]) {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{name} {hex}");
}
