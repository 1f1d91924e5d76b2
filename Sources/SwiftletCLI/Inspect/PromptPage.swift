// The page of a prompt, which shows everything about it: attention, lens, losses and the scores of
// heads, whichever of them was asked for first; and with data, what the model loses without each
// head.

import Swiftlet

/// Gathers the content of a prompt's page.
struct PromptPage {
    let subject: InspectPage.Subject
    let model: any InspectableModel
    let prompt: InspectPage.Prompt
    let names: TokenNames
    /// Sequences on which to measure the model without each head; may be empty.
    let ablated: [[TokenID]]

    /// Takes a prompt, one token of which is selected when the page is opened.
    init(
        _ subject: InspectPage.Subject,
        _ model: any InspectableModel,
        _ tokens: [TokenID],
        chosen: Int? = nil,
        _ names: TokenNames,
        ablated: [[TokenID]]
    ) {
        self.ablated = ablated
        self.subject = subject
        self.model = model
        self.names = names
        prompt = InspectPage.Prompt(
            tokens: tokens,
            texts: names.texts(of: tokens).map { $0 ?? "" },
            chosen: chosen
        )
    }

    private static let usualTop = 5

    /// A page that begins with the attention of some heads.
    /// - Throws: ``CommandError`` where these are too much for a page; what the model's pass
    ///   throws.
    func attention(layers: [Int], heads: [Int]) throws -> InspectPage {
        try requireRoom(layers: layers, heads: heads)
        return try page([
            .attention(model.attentionPatterns(of: prompt.tokens, layers: layers), heads: heads),
            lens(), predictions(),
        ])
    }

    /// A page that begins with the lens of some layers.
    /// - Throws: What the model's pass throws.
    func lens(layers: Set<Int>, top: Int?) throws -> InspectPage {
        try page([lens(layers: layers, top: top)] + attentionIfAny() + [predictions()])
    }

    /// A page that begins with the loss of each token.
    /// - Throws: What the model's pass throws.
    func predictions(_ found: TokenPredictions) throws -> InspectPage {
        try page([.predictions(found)] + attentionIfAny() + [lens()])
    }

    /// Checks that the patterns of some heads are not too large for a page, before they are
    /// computed.
    /// - Throws: ``CommandError``.
    func requireRoom(layers: [Int], heads: [Int]) throws {
        let (count, total) = (prompt.tokens.count, layers.count * heads.count)
        guard !InspectPage.holdsAttention(tokens: count, heads: total) else { return }
        throw CommandError(
            .wrongUsage,
            "the patterns of \(count.grouped) tokens and \(total.grouped) heads are too large for "
                + "a page; choose fewer with --layers and --heads, or give a shorter prompt"
        )
    }

    private func page(_ parts: [InspectPage.Part]) throws -> InspectPage {
        try InspectPage(
            subject,
            prompt: prompt,
            parts: parts + scores() + ablation(),
            text: names.text
        )
    }

    private func attentionIfAny() throws -> [InspectPage.Part] {
        let heads = model.layerCount * model.headCount
        guard InspectPage.holdsAttention(tokens: prompt.tokens.count, heads: heads) else {
            Terminal.diagnose(
                "the page leaves out attention, whose patterns are too large; 'inspect attention' "
                    + "draws those of the heads you choose"
            )
            return []
        }
        return [.attention(try model.attentionPatterns(of: prompt.tokens))]
    }

    private func lens(layers: Set<Int>? = nil, top: Int? = nil) throws -> InspectPage.Part {
        let lens = try model.logitLens(of: prompt.tokens, top: top ?? Self.usualTop)
        return .lens(
            LogitLens(
                tokens: lens.tokens,
                layers: lens.layers.filter { layers?.contains($0.layer) ?? true }
            ),
            blocks: model.layerCount
        )
    }

    private func predictions() throws -> InspectPage.Part {
        .predictions(try model.predictions(of: prompt.tokens))
    }

    /// The loss without each head and each feed-forward network, if there is data for it.
    private func ablation() throws -> [InspectPage.Part] {
        ablated.isEmpty ? [] : [.ablation(try model.ablateShowingProgress(ablated, mlps: true))]
    }

    /// The scores of all heads; none if the context has no room to repeat tokens.
    private func scores() throws -> [InspectPage.Part] {
        // A single token has none before it.
        let texts = prompt.tokens.count > 1 ? [prompt.tokens] : []
        do {
            let scores = try model.headScores(on: texts)
            return [
                .headScores(scores, measuredOn: texts.isEmpty ? "the random tokens" : "the prompt")
            ]
        } catch InterpretabilityError.contextTooShort {
            return []
        }
    }
}
