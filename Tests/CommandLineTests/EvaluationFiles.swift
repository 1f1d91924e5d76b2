// A model, and files of every kind that a model is measured on.

import FileIO
import TestSupport

/// Files for a model of the byte vocabulary, in a directory of their own.
struct EvaluationFiles {
    let directory: FilePath
    let model: String
    let tokenizer: String
    /// A text of 50 bytes.
    let text: String
    let shard: String
    /// Three times the ``row`` of HellaSwag.
    let questions: String

    /// A row of HellaSwag.
    static let row = #"{"ctx":"The cat","endings":["sat.","flew away."],"label":0}"#

    init(_ directory: FilePath) throws {
        self.directory = directory
        model = try writeModel(to: directory.appending("model.bin")).string
        tokenizer = try writeTokenizer(to: directory.appending("bytes.bin")).string
        let text = Array("To be, or not to be, that is the question: whether".utf8)
        self.text = try writeBytes(text, to: directory.appending("text.txt")).string
        shard = try writeShard(to: directory.appending("shard.bin")).string
        let rows = Array(String(repeating: Self.row + "\n", count: 3).utf8)
        questions = try writeBytes(rows, to: directory.appending("questions.jsonl")).string
    }
}

/// Calls `body` with the files.
func withEvaluationFiles(_ body: (EvaluationFiles) throws -> Void) throws {
    try withTemporaryDirectory { try body(EvaluationFiles($0)) }
}
