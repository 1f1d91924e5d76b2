import ArgumentParser
import Swiftlet

/// `swiftlet inspect neighbours`: which tokens a model embeds near another.
struct InspectNeighboursCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neighbours",
        abstract: "List the tokens with the nearest embeddings.",
        discussion: """
            Nearness is the cosine of the angle between two token embeddings: 1 if they point the \
            same way, about 0 if they are unrelated. The model itself is not run.

            The text of --token must be a single token. In most vocabularies a word within a \
            sentence begins with a space, and is a different token from the same word without one.

            Examples:
              swiftlet inspect neighbours --model checkpoints/quickstart/run \\
                --token " dog"
              swiftlet inspect neighbours --model checkpoints/gpt2 --id 5822 --top 20
            """
    )

    @OptionGroup
    var options: InspectOptions

    @Option(help: "The token, as text.")
    var token: ArgumentText?

    @Option(help: "The token, as its number.", in: .from(0))
    var id: TokenID?

    @Option(help: "How many neighbors to list.", in: .from(1))
    var top = 10

    func validate() throws {
        if (token == nil) == (id == nil) {
            throw ValidationError("give the token either as text with --token or with --id")
        }
    }

    func run() throws {
        let source = try options.source()
        let tokenizer = try options.model.tokenizerIfAny(of: source)
        let names = TokenNames(tokenizer)
        let ops = try options.compute.makeOps()
        let weights = try options.weights(of: source, ops: ops)
        let token = try id ?? token.map { try names.token(of: $0, in: tokenizer, source) } ?? 0
        let found = try weights.neighbours(of: token, count: top, ops: ops)
        if try options.draw({
            options.page(of: .neighbours(of: token, found), source, nil, names)
        }) {
            return
        }
        let report = NeighbourReport(token, found, names)
        try options.json ? Terminal.printJSON(report) : Terminal.print(report.lines(names))
    }
}

/// The neighbors of a token; the keys of `inspect neighbours --json`.
struct NeighbourReport: Encodable {
    struct Neighbour: Encodable {
        let token: TokenID
        /// Nil for a token that the tokenizer lacks, or without a tokenizer.
        @NullIfMissing var text: String?
        let cosine: Float
    }

    let token: TokenID
    /// Nil for the same reasons.
    @NullIfMissing private(set) var text: String?
    let neighbours: [Neighbour]

    init(_ token: TokenID, _ neighbours: [TokenNeighbour], _ names: TokenNames) {
        self.token = token
        text = names.text(of: token)
        self.neighbours = neighbours.map {
            Neighbour(token: $0.token, text: names.text(of: $0.token), cosine: $0.cosine)
        }
    }

    /// The same for people: a row for each, with a bar as long as the cosine.
    func lines(_ names: TokenNames) -> [StyledLine] {
        var heading = StyledLine("  nearest to ")
        heading.append(names.label(of: token), .strong)
        heading.append(" (token \(token)), by cosine of the embeddings")
        let digits = neighbours.map { "\($0.token)".count }.max() ?? 0
        let glyphs = DisplayGlyphs.ofLocale
        let rows = neighbours.map { neighbour in
            let number = "\(neighbour.token)"
            let cosine = decimal(Double(neighbour.cosine), 4)
            var line = StyledLine("  " + String(repeating: " ", count: digits - number.count))
            line.append(number, .faint)
            // A minus sign takes the place of a space.
            line.pad(to: digits + 4 - (neighbour.cosine < 0 ? 1 : 0))
            line.append("\(cosine)  ")
            line.append(glyphs.bar(Double(neighbour.cosine), columns: Self.barColumns), .accent)
            line.pad(to: digits + 12 + Self.barColumns + 2)
            line.append(names.label(of: neighbour.token))
            return line.cut(to: Terminal.outputColumns)
        }
        return [heading.cut(to: Terminal.outputColumns), StyledLine()] + rows
    }

    private static let barColumns = 20
}

extension TokenNames {
    /// The single token that a text is.
    /// - Throws: ``CommandError`` for a text of several tokens, which shows them, or of none;
    ///   ``OpeningError`` without a tokenizer.
    fileprivate func token(
        of text: ArgumentText,
        in tokenizer: (any Tokenizer)?,
        _ source: ModelSource
    ) throws -> TokenID {
        guard let tokenizer else { throw OpeningError.noTokenizer(model: source.path) }
        let shown = DisplayText.escaping(bytes: text.bytes)
        guard String(validating: text.bytes, as: UTF8.self) != nil else {
            throw CommandError(.wrongUsage, "'\(shown)' is not UTF-8; give the token with --id")
        }
        let tokens = try tokenizer.encode(text.string, specialTokens: .token)
        if tokens.count == 1 { return tokens[0] }
        // A tokenizer may put a space before every text, so parts of words would not be found.
        let all = 0..<TokenID(tokenizer.vocabularySize)
        let token = all.first { bytes(of: $0)?.elementsEqual(text.bytes) == true }
        if let token, !text.bytes.isEmpty { return token }
        guard !tokens.isEmpty else {
            throw CommandError(
                .wrongUsage,
                "'\(shown)' is not a token; give one with --token or --id"
            )
        }
        let parts = tokens.prefix(8).map { "\(label(of: $0)) (\($0))" }.joined(separator: ", ")
        let rest = tokens.count > 8 ? " and \(tokens.count - 8) more" : ""
        throw CommandError(
            .wrongUsage,
            "'\(shown)' is \(tokens.count) tokens, not one: \(parts)\(rest); give one of them, "
                + "by number with --id"
        )
    }
}
