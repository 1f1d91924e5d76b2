// What the commands that look at a prompt have in common: their options, and the page that they
// draw. It shows everything about the prompt: attention, lens, losses and the scores of heads,
// whichever of them was asked for first; and with data, what the model loses without each head.

import ArgumentParser
import Swiftlet

/// The options of the commands that look at a prompt.
struct PromptInspection: ParsableArguments {
    @OptionGroup
    var options: InspectOptions

    @OptionGroup(title: "Prompt")
    var prompt: InspectedPrompt

    @OptionGroup(title: "Page")
    var ablated: AblatedData

    @OptionGroup(title: "Precision")
    var precision: PrecisionOptions

    func validate() throws {
        try ablated.check(output: options.output)
    }

    /// Reads the prompt and opens the model, in this order: a mistake in the prompt is found before
    /// time is spent on the model.
    /// - Parameter token: The token that is looked at; nil, or without a position, is the last one.
    /// - Returns: The page of the prompt, with the model, the tokens and their names.
    /// - Throws: An error about the options, or about the files of the model.
    func open(at token: TokenPosition? = nil) throws -> PromptPage {
        let source = try options.source()
        let tokenizer = try options.model.tokenizer(of: source)
        let tokens = try prompt.tokens(for: source, tokenizer)
        let position = try token?.position(below: tokens.count)
        let ablated = try ablated.sequences(for: source)
        return PromptPage(
            options.subject(of: source, precision),
            try options.model.open(source, precision, options.compute),
            tokens,
            chosen: position,
            TokenNames(tokenizer),
            ablated: ablated
        )
    }
}

/// Gathers the content of a prompt's page.
struct PromptPage {
    let subject: InspectPage.Subject
    let model: any InspectableModel
    let prompt: InspectPage.Prompt
    let names: TokenNames
    /// Sequences on which to measure the model without each head; may be empty.
    let ablated: [[TokenID]]

    /// Takes a prompt, one token of which, or else the last, is selected when the page is opened.
    init(
        _ subject: InspectPage.Subject,
        _ model: any InspectableModel,
        _ tokens: [TokenID],
        chosen: Int?,
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
