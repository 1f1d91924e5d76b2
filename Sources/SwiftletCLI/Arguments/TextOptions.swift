// Options of the commands that read text to learn from, and how many threads they use; and
// HellaSwag as an argument, in either of its published forms.

import ArgumentParser
import Swiftlet

extension DocumentSplit: ExpressibleByArgument {}

/// Which text, and how it is split into documents.
struct TextOptions: ParsableArguments {
    @Argument(
        help: """
            Text files, .jsonl files, directories of .txt, .md and .jsonl files, or - for standard \
            input.
            """
    )
    var inputs: [FilePath]

    @Option(
        help: """
            How to split a text into documents: not at all (none); after blank lines, which stay \
            with the document before them; or at each marker, <|endoftext|>, which is dropped.
            """
    )
    var split = DocumentSplit.none

    @Flag(help: "Read every input as JSON Lines, whatever its name.")
    var jsonl = false

    @Option(help: "In JSON Lines, the field that holds the text.")
    var textField: ArgumentText = "text"

    /// The text that these options name; nothing has been read yet.
    func documents(_ passedOver: PassedOverEntries) throws -> TextDocuments {
        let inputs = try TextInput.find(
            inputs,
            format: jsonl ? .jsonLines : nil,
            passingOver: passedOver.append
        )
        try checkKinds(of: inputs)
        return TextDocuments(inputs, split: split, textField: textField.string)
    }
}

/// Directory entries that look like text files but are not, and what is printed about them.
final class PassedOverEntries {
    private var count = 0
    /// As many as a person will read.
    private static let shownCount = 10

    /// Reports what is wrong with an entry.
    func append(_ error: any Error) {
        count += 1
        if count <= Self.shownCount { Terminal.diagnose("skipped: \(error)") }
    }

    /// Reports how many there were, if any, after the others have been processed.
    func report() {
        guard count > 0 else { return }
        let entries =
            count == 1 ? "1 directory entry was" : "\(count) directory entries were"
        Terminal.diagnose("\(entries) skipped")
    }
}

/// Refuses files of other commands, which are certainly not text, and remarks on files whose bytes
/// hardly are.
func checkKinds(of inputs: [TextInput]) throws {
    var others: [TextInput] = []
    for input in inputs {
        guard let path = input.path, input.byteCount != nil else { continue }
        switch try FileKind(of: path) {
        case .text, .json, .empty, .directory, .runDirectory: break
        case .unknown: others.append(input)
        case let kind:
            throw UnexpectedFileError(path: path, expected: [.text], found: kind)
        }
    }
    if let first = others.first {
        let more = others.count > 1 ? " and \(others.count - 1) more" : ""
        Terminal.diagnose("'\(first.name)'\(more): not UTF-8 text; the bytes are kept as they are")
    }
}

extension ComputeOptions {
    /// The number of threads for work outside the kernels.
    func threadCount() -> Int {
        // Without OpenMP the kernels have one thread, but this work can use all.
        threads ?? (Machine.hasOpenMP ? Machine.defaultThreadCount : Machine.usableProcessors)
    }
}

/// A file of multiple-choice questions.
enum HellaSwagFile {
    /// Reads llm.c's evaluation shard or HellaSwag's rows of JSON, whichever it is.
    /// - Parameters:
    ///   - path: The file.
    ///   - vocabularySize: That of the model, in whose tokens the questions are asked.
    ///   - limit: The most examples to read; nil reads all.
    ///   - tokenizer: Called when there is text to encode.
    /// - Returns: One example or more.
    /// - Throws: ``UnexpectedFileError``, ``TokenDataError`` or ``FileIOError``; what `tokenizer`
    ///   throws.
    static func examples(
        _ path: FilePath,
        vocabularySize: Int,
        limit: Int? = nil,
        tokenizer: () throws -> any Tokenizer
    ) throws -> [MultipleChoiceExample] {
        let kind = try FileKind.require(.evaluationShard, .json, at: path)
        if kind == .json {
            return try MultipleChoiceExample.examples(
                jsonLines: path,
                tokenizer: tokenizer(),
                limit: limit
            )
        }
        return try MultipleChoiceExample.examples(
            shard: path,
            vocabularySize: vocabularySize,
            limit: limit
        )
    }
}
