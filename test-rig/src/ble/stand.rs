//! Where the adapters of a bed stand: one thread that serves them all, and one connection to BlueZ.
//!
//! BlueZ tells every connection what happens on any adapter, each notified chunk too. With a connection for each phone the
//! bus would carry every chunk as often as there are phones.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

#[cfg(target_os = "linux")]
use bluer::Session;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::problem::BluetoothProblem;

/// The thread. It ends with the last radio that holds it.
#[derive(Debug)]
pub(super) struct Stand {
    tasks: Handle,
    #[cfg(target_os = "linux")]
    session: Session,
    open: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stand {
    pub(super) fn open() -> Result<Arc<Self>, BluetoothProblem> {
        let other = |error: std::io::Error| BluetoothProblem::Other(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(other)?;
        let tasks = runtime.handle().clone();
        #[cfg(target_os = "linux")]
        let session = runtime
            .block_on(Session::new())
            .map_err(|error| BluetoothProblem::Other(error.to_string()))?;
        let (open, closed) = oneshot::channel::<()>();
        let serve = move || {
            let _ = runtime.block_on(closed);
        };
        let thread = std::thread::Builder::new().spawn(serve).map_err(other)?;
        Ok(Arc::new(Self {
            tasks,
            #[cfg(target_os = "linux")]
            session,
            open: Some(open),
            thread: Some(thread),
        }))
    }

    /// The connection to BlueZ that all share.
    #[cfg(target_os = "linux")]
    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    /// Serves an adapter; what comes back ends when the service has.
    pub(super) fn serve<F>(&self, service: F) -> mpsc::Receiver<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (ending, ended) = mpsc::channel();
        self.tasks.spawn(async move {
            service.await;
            drop(ending);
        });
        ended
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.open = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
