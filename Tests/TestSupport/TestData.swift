// Where the real data for some tests is. It is never part of the repository.

import FileIO

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Files in the directory named by the environment variable `SWIFTLET_TEST_DATA`.
public enum TestData {
    /// The line shown next to a test that was skipped for lack of real data.
    public static let skipReason: String = "SWIFTLET_TEST_DATA does not name the real data"

    /// The directory, if the variable is set.
    public static var directory: FilePath? {
        ProcessInfo.processInfo.environment["SWIFTLET_TEST_DATA"].map { FilePath($0) }
    }

    /// Whether tests on real data can run: `@Test(.enabled(if: TestData.isAvailable, ...))`.
    public static var isAvailable: Bool { directory != nil }

    /// The GGUF file of SmolLM2-135M-Instruct that `SWIFTLET_INSTRUCT_MODEL` names.
    public static var instructModel: FilePath? {
        ProcessInfo.processInfo.environment["SWIFTLET_INSTRUCT_MODEL"].map { FilePath($0) }
    }

    /// The path of a file below the data directory, such as `gpt2/gpt2_tokenizer.bin`.
    public static func path(_ relative: String) throws -> FilePath {
        struct Unavailable: Error {}
        guard let directory else { throw Unavailable() }
        return directory.appending(relative)
    }
}
