// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Storyteller",
    platforms: [.macOS("26.0")],
    dependencies: [.package(name: "swiftlet", path: "../..")],
    targets: [
        .executableTarget(
            name: "Storyteller",
            dependencies: [.product(name: "Swiftlet", package: "swiftlet")]
        )
    ],
    swiftLanguageModes: [.v6]
)
