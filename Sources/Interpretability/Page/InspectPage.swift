// Findings about the inside of a model as one self-contained HTML page. This file decides what the
// page holds; InspectPageData has its data, InspectCard its cards, and a script draws it
// (CPages/assets).

import FileIO
import Pages

/// A page about the inside of a model.
///
/// ```swift
/// let page = InspectPage(
///     .init(model: "gpt2", facts: ["12 layers of 12 heads"], seconds: 1_795_000_000),
///     prompt: .init(tokens: tokens, texts: texts),
///     parts: [.attention(patterns), .lens(lens, blocks: 12)],
///     text: { tokenizer.text(of: $0) }
/// )
/// try page.write(to: "attention.html", overwrite: false)
/// ```
///
/// The same findings always give the same bytes.
package struct InspectPage: Sendable {
    /// What the page is about.
    package struct Subject: Sendable, Equatable {
        /// The name of the model or its path, which is the page's heading.
        package let model: String
        /// What is shown below it: parameters, layers, precision.
        package let facts: [String]
        /// When it was made, in seconds since the beginning of 1970; nil to leave it out.
        package let seconds: Double?

        /// Names the subject.
        package init(model: String, facts: [String], seconds: Double?) {
            (self.model, self.facts, self.seconds) = (model, facts, seconds)
        }
    }

    /// A text that the model was run on.
    package struct Prompt: Sendable, Equatable {
        /// The T tokens.
        package let tokens: [Int32]
        /// The text of each; together they are the prompt.
        package let texts: [String]
        /// The index of the token that is selected when the page opens.
        package let chosen: Int

        /// Pairs tokens with their texts; the last one is chosen unless told otherwise.
        package init(tokens: [Int32], texts: [String], chosen: Int? = nil) {
            precondition(tokens.count == texts.count, "\(texts.count) texts of \(tokens.count)")
            let chosen = chosen ?? tokens.count - 1
            precondition(tokens.indices ~= chosen, "token \(chosen) of \(tokens.count)")
            (self.tokens, self.texts, self.chosen) = (tokens, texts, chosen)
        }
    }

    /// A finding: a card of the page, or two.
    package enum Part: Sendable {
        /// The pattern of each head, or of some: `heads` of each layer that was kept.
        case attention(AttentionPatterns, heads: [Int]? = nil)
        /// What the layers of a model with this many blocks would predict.
        case lens(LogitLens, blocks: Int)
        /// The loss of each token, and the likeliest next ones.
        case predictions(TokenPredictions)
        /// The scores of heads, and a description of what they were measured on.
        case headScores([HeadScores], measuredOn: String)
        /// The losses without each head and each MLP.
        case ablation(Ablation)
        /// Where some of a layer's neurons are most active, and how many neurons there were.
        case neurons(layer: Int, [NeuronExamples], of: Int)
        /// Statistics of the numbers in a tensor, or in one layer of it.
        case weights(name: String, layer: Int?, WeightStatistics)
        /// The tokens whose embeddings are nearest to that of a token.
        case neighbours(of: Int32, [TokenNeighbour])
    }

    /// The most attention values on a page, which is then about 50 MB.
    ///
    /// With more, browsers take long to open it.
    package static let mostAttentionValues = 37_500_000

    /// The page.
    package let source: String

    /// Draws the page.
    /// - Parameters:
    ///   - subject: What it is about.
    ///   - prompt: What the model was run on; nil for parts that have no prompt.
    ///   - parts: What was found, in the order of the page.
    ///   - text: The text of a token; nil where the tokenizer has none.
    /// - Precondition: attention, lens and predictions are of the prompt's tokens.
    package init(
        _ subject: Subject,
        prompt: Prompt? = nil,
        parts: [Part],
        text: (Int32) -> String?
    ) {
        let data = InspectPageData(prompt: prompt, parts: parts, text: text)
        let cards = parts.map { InspectCard($0, isOnly: parts.count == 1, text: text) }
        let charts = parts.compactMap(SingularValueChart.init)
        let body: HTML = """
            \(Self.header(subject, prompt, cards))\
            <noscript><p class="note">The findings are drawn by a script, which this browser does \
            not run.</p></noscript>
            <div class="parts">
            \(cards.map(\.html))</div>
            \(HTML(charts.map(\.section)))
            """
        let title = cards.count == 1 ? cards[0].title : "inside the model"
        let frame = PageFrame(
            title: "\(subject.model) \u{2013} \(title)",
            styles: [PageAsset.named("inspect.css")],
            scripts: Self.scripts
        )
        source = frame.page(
            body,
            charts: charts.first?.data,
            data: PageData.script(data, id: "inspect-data")
        )
    }

    /// Writes the page.
    /// - Throws: ``FileIOError`` when the file cannot be written, or exists and must not be
    ///   overwritten.
    package func write(to path: FilePath, overwrite: Bool) throws {
        let file = try AtomicFile(path, overwrite: overwrite)
        try file.write(Array(source.utf8))
        try file.commit()
    }

    /// Whether the patterns of this many heads fit on a page.
    package static func holdsAttention(tokens: Int, heads: Int) -> Bool {
        let (square, isHuge) = tokens.multipliedReportingOverflow(by: tokens)
        return !isHuge && PackedPatterns.size(tokens: tokens) <= mostAttentionValues / max(heads, 1)
            || square == 0
    }

    private static let scripts = [
        "shades", "walking", "tokens", "patterns", "heads", "attention", "lens", "losses",
        "scores", "heatmap", "inspect",
    ].map { PageAsset.named($0 + ".js") }

    private static func header(
        _ subject: Subject,
        _ prompt: Prompt?,
        _ cards: [InspectCard]
    ) -> HTML {
        let count = prompt.map { $0.tokens.count == 1 ? "1 token" : "\($0.tokens.count) tokens" }
        let date = subject.seconds.flatMap(DateText.init(seconds:))?.text
        let facts = (subject.facts + [count, date].compactMap { $0 }).map { fact -> HTML in
            "<li>\(fact)</li>"
        }
        let quote: HTML =
            prompt.map { prompt in
                """
                <blockquote class="prompt">\(prompt.texts.joined())</blockquote>

                """
            } ?? ""
        let links = cards.map { card -> HTML in
            "<a href=\"#\(card.id)\">\(card.title)</a>\n"
        }
        let contents: HTML = cards.count > 1 ? "<nav class=\"contents\">\n\(links)</nav>\n" : ""
        return """
            <header><p class="kicker">Inside a model</p>
            <h1>\(HTML.path(subject.model))</h1>
            <ul class="facts">\(facts)</ul>
            \(quote)\(contents)</header>

            """
    }
}
