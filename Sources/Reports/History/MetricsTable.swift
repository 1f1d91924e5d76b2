// Runs as a table of comma-separated values (RFC 4180), for spreadsheets and data frames: a row for
// every step with a measurement, and an empty cell where there was none. Columns are named as in
// metrics.jsonl. The text of a cell is what was measured: it is not guarded against spreadsheets
// that take a sample for a formula.

/// A table of what runs measured.
package struct MetricsTable: Sendable {
    private let runs: [RunHistory]

    /// The table of `runs`, each under its name if there are several.
    /// - Parameter runs: The runs, in the order of their rows.
    package init(_ runs: [RunHistory]) {
        self.runs = runs
    }

    /// Writes the table.
    /// - Parameter write: Called with a few rows at a time, in UTF-8.
    /// - Throws: What `write` throws.
    package func write(_ write: ([UInt8]) throws -> Void) rethrows {
        let namesRuns = runs.count > 1
        var text = (namesRuns ? "run," : "") + Self.columns.joined(separator: ",") + "\n"
        for run in runs {
            let name = namesRuns ? Self.quoted(run.name) + "," : ""
            try run.forEachRow { row in
                text += name + Self.cells(row).joined(separator: ",") + "\n"
                guard text.utf8.count >= Self.chunkSize else { return }
                try write(Array(text.utf8))
                text = ""
            }
        }
        if !text.isEmpty { try write(Array(text.utf8)) }
    }

    private static let chunkSize = 1 << 16

    private static let columns = [
        "step", "train_loss", "learning_rate", "grad_norm", "milliseconds", "tokens_per_second",
        "val_loss", "hellaswag_accuracy", "sample",
    ]

    private static func cells(_ row: RunHistory.Row) -> [String] {
        let step = row.training
        return [
            "\(row.step)", number(step?.loss), number(step?.learningRate),
            number(step?.gradientNorm), number(step?.milliseconds), number(step?.tokensPerSecond),
            number(row.validation), number(row.accuracy), row.sample.map(quoted) ?? "",
        ]
    }

    /// The digits that distinguish a number from every other; NaN if it was measured but not
    /// finite.
    private static func number(_ value: (some BinaryFloatingPoint)?) -> String {
        value.map { $0.isNaN ? "NaN" : "\($0)" } ?? ""
    }

    /// A text in quotes, even an empty one, which differs from none.
    private static func quoted(_ text: String) -> String {
        let quote = UInt8(ascii: "\"")
        // By bytes: a quote and a mark that combines with it are one character.
        let bytes = text.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }
        return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
    }
}
