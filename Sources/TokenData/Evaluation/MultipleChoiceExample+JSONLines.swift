// HellaSwag as its authors publish it: one JSON object a line, with the fields ctx, endings and
// label. Other fields are ignored.

import FileIO
import Tokenization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension MultipleChoiceExample {
    private struct Row: Decodable {
        let ctx: String
        let endings: [String]
        let label: Label
    }

    /// The number of the right ending: a number, or digits in text as Hugging Face's data set has.
    private struct Label: Decodable {
        /// Nil when it is no whole number.
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

    /// Reads HellaSwag's rows of JSON and encodes their texts: a context as a prompt, an ending as
    /// what goes on after a space.
    /// - Parameters:
    ///   - path: The file; blank lines in it are left out.
    ///   - tokenizer: Whose ids they become.
    ///   - limit: The most examples to read, 1 or more; nil reads all.
    /// - Returns: One example or more, in the order of the file.
    /// - Throws: ``TokenDataError/invalidEvaluation(path:place:problem:)``, or `FileIOError` when
    ///   the file cannot be read.
    public static func examples(
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
                problem: "there is no example in it; give one JSON object a line"
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
