// What `fetch` can download, by name: which files, and where they go.

import ArgumentParser
import Swiftlet

/// What can be asked for.
enum FetchName: String, CaseIterable {
    case gpt2
    case gpt2Medium = "gpt2-medium"
    case gpt2Large = "gpt2-large"
    case gpt2XL = "gpt2-xl"
    case gpt2LLMC = "gpt2-llmc"
    case tinyshakespeare
    case hellaswag
    case stories15M
    case stories42M
    case stories110M
    case smolLM2 = "smollm2-135m-instruct"
    case tinyLlamaChat = "tinyllama-chat"

    /// The case called `text`; the parser's own message for an enumeration has several lines.
    static func named(_ text: String) throws -> FetchName {
        if let name = FetchName(rawValue: text) { return name }
        let names = allCases.map(\.rawValue)
        if let near = nearestName(to: text, in: names) {
            throw ValidationError("there is no '\(text)' to fetch; did you mean '\(near)'?")
        }
        throw ValidationError(
            "there is no '\(text)' to fetch; choose one of \(names.joined(separator: ", "))"
        )
    }

    /// Where its files go unless told otherwise: models to checkpoints, data to data.
    var directory: FilePath {
        switch self {
        case .tinyshakespeare, .hellaswag: FilePath("data/\(rawValue)")
        default: FilePath("checkpoints/\(rawValue)")
        }
    }

    /// Its files, the largest last.
    func files(bfloat16: Bool = false, debugState: Bool = false) -> [PublishedFile] {
        let gpt2Tokenizer = ["vocab.json", "merges.txt"]
        func gpt2(atMost gibibytes: Int) -> [PublishedFile] {
            .huggingFaceModel(
                "openai-community/\(rawValue)",
                tokenizer: gpt2Tokenizer,
                atMost: gibibytes
            )
        }
        return switch self {
        case .gpt2: gpt2(atMost: 1)
        case .gpt2Medium: gpt2(atMost: 2)
        case .gpt2Large: gpt2(atMost: 4)
        case .gpt2XL: gpt2(atMost: 8)
        case .gpt2LLMC:
            [.gpt2Tokenizer, bfloat16 ? .gpt2BFloat16 : .gpt2]
                + (debugState ? [.gpt2DebugState] : [])
        case .tinyshakespeare: [.gpt2Tokenizer, .tinyShakespeareTrain, .tinyShakespeareVal]
        case .hellaswag: [.hellaSwagVal]
        case .stories15M, .stories42M, .stories110M: .storyModel(rawValue)
        case .smolLM2:
            .huggingFaceModel(
                "HuggingFaceTB/SmolLM2-135M-Instruct",
                tokenizer: ["tokenizer_config.json"],
                atMost: 1
            )
        case .tinyLlamaChat:
            .huggingFaceModel(
                "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
                tokenizer: ["tokenizer_config.json"],
                atMost: 5
            )
        }
    }

    /// What to do about an error, if something is missing that `fetch` can download.
    static func hint(for error: any Error) -> String? {
        guard case FileIOError.missing(let path) = error, let name = bringing(path) else {
            return nil
        }
        return "'swiftlet fetch \(name.rawValue)' downloads it"
    }

    /// What downloads a file or directory that was not found.
    ///
    /// It is recognized by its name, or with its directory if several share the name.
    /// - Parameter path: What is missing.
    /// - Returns: What to fetch; nil if it is not recognized.
    static func bringing(_ path: FilePath) -> FetchName? {
        let names = path.components.suffix(2).map(\.string)
        guard let last = names.last else { return nil }
        if let name = FetchName(rawValue: last) { return name }
        let having = allCases.filter { name in
            let files = name.files() + name.files(bfloat16: true, debugState: true)
            return files.contains { $0.name == last }
        }
        return having.count == 1 ? having.first : having.first { $0.rawValue == names.first }
    }
}
