// The cards of a page about the inside of a model: headings, and what a reader should know about
// the drawings in them; and the one chart in the style of training runs. A script does the drawing.

import Pages

/// A card's place in the page.
struct InspectCard {
    /// The id in the page and its data; the subcommand of `inspect`.
    let id: String
    let title: String
    let unit: String
    /// What the reader should know about how it was measured and drawn.
    let note: String
    /// Whether it spans the width of the page.
    let isWide: Bool

    /// The card of a part.
    init(_ part: InspectPage.Part, isOnly: Bool, text: (Int32) -> String?) {
        switch part {
        case .attention:
            (id, title, unit) = ("attention", "Attention", "where each head looks")
            note = """
                A row is a token that looks, a column a token that is looked at. Shades go by the \
                square root of the attention, so that small values are seen; by row, each row by \
                its largest value but for the first token. Values on this page are rounded to \
                within 0.004, small ones less; inspect attention --json has them in full.
                """
        case .lens:
            (id, title, unit) = ("lens", "Logit lens", "what each layer would predict")
            note = """
                Row l is the residual stream after l blocks, read by the model's own last norm and \
                classifier. A green edge marks the token that came next. KL is how far the model's \
                own prediction is from the layer's, in nats.
                """
        case .predictions:
            (id, title, unit) = ("next", "Loss", "of each token, in nats")
            note = """
                The loss of a token is \u{2212}ln of the probability that the model gave it; the \
                strongest shade is the highest loss.
                """
        case .headScores(_, let text):
            (id, title, unit) = ("heads", "Head scores", "what each head does")
            note = """
                Mean attention to the previous token, to the first one and, on random tokens that \
                are repeated, to a token's first occurrence (duplicate token) and to the one after \
                it (induction). Distance in tokens, entropy in nats. The others are measured on \
                \(text).
                """
        case .ablation(let ablation):
            (id, title, unit) = ("ablate", "Ablation", "the loss without a part of the model")
            note = """
                The head's output is zero before the projection, the MLP adds nothing. Blue is a \
                higher loss, orange a lower one; heads and MLPs each by their own largest change. \
                Tokens that were predicted: \(ablation.tokenCount).
                """
        case .neurons(let layer, let examples, let count):
            (id, title, unit) = ("neurons", "Neurons", "texts that activate layer \(layer)'s")
            let choice =
                examples.count < count
                ? "The \(examples.count) of \(count) neurons with the strongest activations. " : ""
            note = choice + "The token at which the neuron is active is marked."
        case .weights(let name, let layer, _):
            (id, title) = ("weights", "Weights")
            unit = name + (layer.map { ", layer \($0)" } ?? "")
            note = """
                Each cell stands for a block of numbers: the root of their mean square, or their \
                mean, blue above zero and orange below. Shades go by the square root of the value.
                """
        case .neighbours(let token, _):
            (id, title) = ("neighbours", "Neighbors")
            unit = "of \(text(token).map { "'\($0)', " } ?? "")token \(token)"
            note = "The cosine of the angle between embeddings: 1 where they point the same way."
        }
        switch part {
        case .attention, .lens, .neurons: isWide = true
        default: isWide = isOnly
        }
    }

    var html: HTML {
        """
        <section class="\(isWide ? "card wide" : "card")" id="\(id)" data-part="\(id)">
        <div class="top"><div><h2>\(title)</h2> <span class="unit">\(unit)</span></div>\
        <div class="controls"></div></div>
        <div class="stage"></div>
        <p class="note">\(note)</p>
        </section>

        """
    }
}

/// A chart of singular values by their rank.
struct SingularValueChart {
    let data: ChartData
    /// The chart's place in the page.
    let section: HTML

    /// The chart of a tensor that has two singular values or more; nil for everything else.
    init?(_ part: InspectPage.Part) {
        guard case .weights(let name, _, let statistics) = part,
            let values = statistics.singularValues, values.count > 1,
            let largest = values.first, let smallest = values.last
        else { return nil }
        let ranks = Array(1...values.count)
        let chart = ChartData.Chart(
            id: "singular-values",
            format: .number,
            parts: [.init(id: "value", name: "singular value", style: .strong)],
            lines: [
                .init(
                    series: 0,
                    steps: ranks,
                    values: ["value": values],
                    typical: smallest...largest
                )
            ]
        )
        data = ChartData(
            axes: [.init(id: "step", name: "rank", button: "Ranks", format: .whole)],
            series: [.init(name: name, color: 0, end: values.count)],
            charts: [chart]
        )
        let range =
            "from \(PageData.rounded(largest)) at rank 1 to \(PageData.rounded(smallest)) at "
            + "rank \(values.count)"
        section = ChartCard.section(
            [
                ChartCard(
                    id: chart.id,
                    title: "Singular values",
                    unit: "\(values.count), the largest first",
                    words: "Singular values by rank, \(range).",
                    isWide: true
                )
            ],
            isComparison: false
        )
    }
}
