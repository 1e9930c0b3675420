// swift-tools-version: 6.0
// Built by `sdk swift`, which lays the generated sources and the library beside these; in the published package the
// XCFramework takes their place (see build-xcframework).
import PackageDescription

let package = Package(
    name: "CrapsSDK",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "CrapsSDK", targets: ["CrapsSDK"])],
    targets: [
        .systemLibrary(name: "bitcraps_ffiFFI"),
        .target(
            name: "BitcrapsNative",
            dependencies: ["bitcraps_ffiFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [.linkedLibrary("bitcraps_ffi")]
        ),
        .target(name: "CrapsSDK", dependencies: ["BitcrapsNative"]),
        .executableTarget(name: "SevenOut", dependencies: ["CrapsSDK"]),
        .testTarget(name: "CrapsSDKTests", dependencies: ["CrapsSDK", "BitcrapsNative"]),
    ]
)
