// swift-tools-version: 6.2
import PackageDescription

// OpenMP and -O3 need unsafe flags, and SwiftPM refuses a *versioned* dependency that has any. So
// they are set when this package is built on its own or by path, and omitted when it is somebody
// else's dependency: the kernels are then serial, and such users pass `-Xcc -fopenmp -Xcc -O3`.
// SWIFTLET_OPENMP=0 builds without OpenMP, for machines that have no libomp.
let isDependencyCheckout = Context.packageDirectory.contains("/checkouts/")
let usesOpenMP = !isDependencyCheckout && Context.environment["SWIFTLET_OPENMP"] != "0"

var kernelFlags: [CSetting] = []
var kernelLinks: [LinkerSetting] = []
if !isDependencyCheckout {
    // -O3 in debug builds too: -O0 kernels are fifty times slower, and the test suite with them.
    kernelFlags.append(.unsafeFlags(["-O3"]))
}
if usesOpenMP {
    #if os(macOS)
        kernelFlags.append(.unsafeFlags(["-Xclang", "-fopenmp"]))
        kernelLinks.append(.unsafeFlags(["-L/opt/homebrew/opt/libomp/lib", "-lomp"]))
    #else
        kernelFlags.append(.unsafeFlags(["-fopenmp"]))
        // Debian and Ubuntu put libomp.so.5 on the linker's path, but not libomp.so.
        kernelLinks.append(.linkedLibrary(":libomp.so.5", .when(platforms: [.linux])))
    #endif
}

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

// What `import Swiftlet` re-exports. A target that uses these through it depends on them too, or
// SwiftPM may not recompile it when one of them changes.
let reexported: [Target.Dependency] = [
    "Collectives", "Downloads", "FileIO", "Inference", "Interpretability", "LanguageModels",
    "RandomNumbers", "Reports", "Stories", "TensorFiles", "Tensors", "TextGeneration", "TokenData",
    "Tokenization", "Training",
]

let package = Package(
    name: "swiftlet",
    platforms: [.macOS("26.0")],
    products: [
        .library(name: "Swiftlet", targets: ["Swiftlet"]),
        .executable(name: "swiftlet", targets: ["SwiftletCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
    ],
    targets: [
        // Imports point down this list: a target may only name targets above it.
        .target(name: "CKernels", cSettings: kernelFlags, linkerSettings: kernelLinks),
        .target(name: "CMapping"),
        .target(name: "CTerminal"),
        .target(name: "FileIO", dependencies: ["CMapping", system]),
        // Processes that cooperate, over an MPI that is opened while the program runs.
        .target(name: "Collectives"),
        // The only target that links FoundationNetworking, and the only one that uses the network.
        .target(name: "Downloads", dependencies: ["FileIO"]),
        // The generator of PyTorch and llm.c: what it decides can be had without the kernels.
        .target(name: "RandomNumbers"),
        .target(name: "Tensors", dependencies: ["CKernels"]),
        .target(name: "TensorFiles", dependencies: ["FileIO", "Tensors"]),
        .target(name: "Tokenization", dependencies: ["FileIO"]),
        .target(name: "TokenData", dependencies: ["FileIO", "RandomNumbers", "Tokenization"]),
        // The files of data/stories, embedded by the C compiler.
        .target(name: "CStories"),
        // Made-up stories to train on.
        .target(name: "Stories", dependencies: ["CStories", "FileIO", "RandomNumbers"]),
        // The styles and scripts of pages, embedded by the C compiler.
        .target(name: "CPages", exclude: ["assets"]),
        .target(name: "Pages", dependencies: ["CPages"]),
        .target(name: "Inference", dependencies: ["RandomNumbers", "Tensors"]),
        .target(
            name: "LanguageModels",
            dependencies: ["FileIO", "Inference", "RandomNumbers", "TensorFiles", "Tensors"]
        ),
        // What can be learned about a model by inspecting its pass and its weights.
        .target(
            name: "Interpretability",
            dependencies: [
                "FileIO", "Inference", "LanguageModels", "Pages", "RandomNumbers", "Tensors",
            ]
        ),
        .target(name: "TextGeneration", dependencies: ["FileIO", "Inference", "Tokenization"]),
        // Texts over HTTP; the only target that opens sockets.
        .target(
            name: "Server",
            dependencies: ["FileIO", "Inference", "Pages", "TextGeneration", "Tokenization"]
        ),
        .target(
            name: "Training",
            dependencies: [
                "Collectives", "FileIO", "Inference", "LanguageModels", "RandomNumbers",
                "TensorFiles", "Tensors", "TokenData", "Tokenization",
            ]
        ),
        // What runs measured, as a page, a table and TensorBoard's files.
        .target(name: "Reports", dependencies: ["FileIO", "Pages", "Training"]),
        .target(name: "Swiftlet", dependencies: reexported),
        // What `bench` measures; the command's alone.
        .target(
            name: "Benchmarks",
            dependencies: [
                "FileIO", "Inference", "LanguageModels", "RandomNumbers", "Tensors", "TokenData",
                "Training",
            ]
        ),
        .target(name: "LineEditing", dependencies: ["CTerminal", "FileIO"]),
        .executableTarget(
            name: "SwiftletCLI",
            dependencies: reexported + [
                "Benchmarks", "LineEditing", "Server", "Swiftlet", argumentParser,
            ]
        ),

        .target(
            name: "TestSupport",
            dependencies: ["Collectives", "FileIO", "Inference", "LineEditing"],
            path: "Tests/TestSupport"
        ),
        .testTarget(name: "CollectivesTests", dependencies: ["Collectives", "TestSupport"]),
        .testTarget(name: "FileIOTests", dependencies: ["FileIO", "TestSupport"]),
        .testTarget(name: "DownloadsTests", dependencies: ["Downloads", "FileIO", "TestSupport"]),
        .testTarget(name: "RandomNumbersTests", dependencies: ["RandomNumbers"]),
        .testTarget(
            name: "TensorsTests",
            dependencies: ["RandomNumbers", "TestSupport", "Tensors"]
        ),
        .testTarget(
            name: "TokenizationTests",
            dependencies: ["FileIO", "TestSupport", "Tokenization"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "TokenDataTests",
            dependencies: ["FileIO", "RandomNumbers", "TestSupport", "TokenData", "Tokenization"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(name: "StoriesTests", dependencies: ["FileIO", "Stories", "TestSupport"]),
        .testTarget(name: "PagesTests", dependencies: ["Pages"]),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Inference", "RandomNumbers", "Tensors", "TestSupport"]
        ),
        .testTarget(
            name: "TextGenerationTests",
            dependencies: [
                "FileIO", "Inference", "LanguageModels", "RandomNumbers", "Tensors", "TestSupport",
                "TextGeneration", "Tokenization",
            ]
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "FileIO", "Inference", "LanguageModels", "Server", "Tensors", "TestSupport",
                "TextGeneration", "Tokenization",
            ]
        ),
        .testTarget(
            name: "LineEditingTests",
            dependencies: ["FileIO", "LineEditing", "TestSupport"]
        ),
        .testTarget(
            name: "InterpretabilityTests",
            dependencies: [
                "FileIO", "Inference", "Interpretability", "LanguageModels", "RandomNumbers",
                "Tensors", "TestSupport",
            ]
        ),
        .testTarget(name: "SwiftletTests", dependencies: reexported + ["Swiftlet", "TestSupport"]),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                argumentParser, "FileIO", "Inference", "LanguageModels", "LineEditing",
                "RandomNumbers", "Swiftlet", "SwiftletCLI", "Tensors", "TestSupport", "TokenData",
                "Tokenization", "Training",
            ]
        ),
        .testTarget(
            name: "TensorFilesTests",
            dependencies: ["FileIO", "TensorFiles", "Tensors", "TestSupport"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "LanguageModelsTests",
            dependencies: [
                "FileIO", "Inference", "LanguageModels", "RandomNumbers", "TensorFiles", "Tensors",
                "TestSupport",
            ]
        ),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Collectives", "FileIO", "Inference", "LanguageModels", "RandomNumbers",
                "TensorFiles", "Tensors", "TestSupport", "TokenData", "Tokenization", "Training",
            ]
        ),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["FileIO", "Reports", "TestSupport", "Training"]
        ),
        .testTarget(
            name: "ParityTests",
            dependencies: [
                "FileIO", "Inference", "Interpretability", "LanguageModels", "RandomNumbers",
                "TensorFiles", "Tensors", "TestSupport", "TextGeneration", "TokenData",
                "Tokenization", "Training",
            ],
            resources: [.copy("Fixtures")]
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
