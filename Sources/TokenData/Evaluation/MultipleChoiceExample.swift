// Questions with several endings to choose from, as HellaSwag (Zellers et al. 2019) asks them and
// its authors publish them: one JSON object a line, with the fields ctx, endings and label. llm.c's
// shards of them are in MultipleChoiceExample+Shard.swift; choosing is Training's.

import FileIO
import Tokenization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A context and the endings it might have, one of which is the real one.
package struct MultipleChoiceExample: Sendable, Equatable {
    /// The tokens that all endings follow; never empty.
    package let context: [TokenID]
    /// Two endings or more, none of them empty.
    package let endings: [[TokenID]]
    /// The index of the right ending.
    package let label: Int

    /// A question that keeps what its properties promise.
    package init(context: [TokenID], endings: [[TokenID]], label: Int) {
        if let problem = Self.problem(context: context, endings: endings, label: label) {
            preconditionFailure(problem)
        }
        self.context = context
        self.endings = endings
        self.label = label
    }

    /// Why these are not a question, as a clause; nil if they are one.
    static func problem(context: [TokenID], endings: [[TokenID]], label: Int) -> String? {
        if context.isEmpty { return "the context is empty" }
        if endings.count < 2 {
            return "there must be 2 endings or more, but there are \(endings.count)"
        }
        if endings.contains(where: \.isEmpty) { return "an ending is empty" }
        if !endings.indices.contains(label) {
            return "the label is \(label), but the \(endings.count) endings have "
                + "0 to \(endings.count - 1)"
        }
        return nil
    }
}

extension MultipleChoiceExample {
    private struct Row: Decodable {
        let ctx: String
        let endings: [String]
        let label: Label
    }

    /// The number of the right ending: a number, or digits in a string as in Hugging Face's data
    /// set.
    private struct Label: Decodable {
        /// Nil when it is not a whole number.
        let number: Int?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let value: Double? =
                if let number = try? container.decode(Double.self) {
                    number
                } else {
                    Double(try container.decode(String.self))
                }
            number = value.flatMap { Int(exactly: $0) }
        }
    }

    /// Reads HellaSwag's JSON Lines and encodes their texts: a context as a prompt, an ending as
    /// what follows it after a space.
    /// - Parameters:
    ///   - path: The file; blank lines in it are skipped.
    ///   - tokenizer: What encodes the texts.
    ///   - limit: The most examples to read, 1 or more; nil reads all.
    /// - Returns: One example or more, in the order of the file.
    /// - Throws: ``TokenDataError/invalidEvaluation(path:place:problem:)``, or `FileIOError` when
    ///   the file cannot be read.
    package static func examples(
        jsonLines path: FilePath,
        tokenizer: any Tokenizer,
        limit: Int? = nil
    ) throws -> [MultipleChoiceExample] {
        precondition(limit ?? 1 > 0, "at most \(limit ?? 0) examples")
        let decoder = JSONDecoder()
        let encoder = try QuestionEncoder(tokenizer)
        let examples = try MappedFile(path).withIntactBytes { bytes in
            var examples: [MultipleChoiceExample] = []
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() where !line.allSatisfy(isBlank) {
                if examples.count == limit { break }
                func invalid(_ problem: String) -> TokenDataError {
                    .invalidEvaluation(
                        path: path,
                        place: "line \(index + 1)",
                        problem: "\(problem); correct the row, or leave it out"
                    )
                }
                let row: Row
                do {
                    let json = PythonJSON.standard(UnsafeRawBufferPointer(rebasing: line))
                    row = try decoder.decode(Row.self, from: Data(json))
                } catch {
                    throw invalid(description(of: error))
                }
                guard let label = row.label.number else {
                    throw invalid("the field 'label' is not a whole number")
                }
                let context = try encoder.context(row.ctx)
                let endings = try row.endings.map(encoder.ending)
                if let problem = problem(context: context, endings: endings, label: label) {
                    throw invalid(problem)
                }
                examples.append(
                    MultipleChoiceExample(context: context, endings: endings, label: label)
                )
            }
            return examples
        }
        guard !examples.isEmpty else {
            throw TokenDataError.invalidEvaluation(
                path: path,
                place: "the whole file",
                problem: "there is no example in it; give one JSON object per line"
            )
        }
        return examples
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    /// Why a row could not be decoded, without the decoder's type names.
    private static func description(of error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _):
            return "the row has no field '\(key.stringValue)'"
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context):
            guard let field = context.codingPath.first?.stringValue else { break }
            return switch field {
            case "ctx": "the field 'ctx' is not text"
            case "endings": "the field 'endings' is not a list of texts"
            default: "the field '\(field)' is not a whole number"
            }
        default: break
        }
        return "the row is not one JSON object"
    }
}

/// Encodes contexts, and endings that follow them.
struct QuestionEncoder {
    private let tokenizer: any Tokenizer
    /// What precedes every prompt: `<s>` with Llama's tokenizer, nothing with GPT-2's.
    private let start: [TokenID]
    /// Whether the tokenizer puts a space before a text, so that a text that follows a space must
    /// be encoded without it.
    private let putsSpaceBefore: Bool

    init(_ tokenizer: any Tokenizer) throws {
        self.tokenizer = tokenizer
        let probe = try tokenizer.encode("a")
        start = try tokenizer.promptTokens(of: "a").dropLast(probe.count)
        // After another token, the space is part of what the first one stands for.
        let space = try probe.first.map { try tokenizer.bytes(of: $0, after: $0).first }
        putsSpaceBefore = space == UInt8(ascii: " ")
    }

    func context(_ text: String) throws -> [TokenID] { try start + tokenizer.encode(text) }

    /// The tokens of a text that follows another one, after a space.
    func ending(_ text: String) throws -> [TokenID] {
        try tokenizer.encode(putsSpaceBefore ? text : " " + text)
    }
}
