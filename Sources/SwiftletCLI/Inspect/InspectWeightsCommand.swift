import ArgumentParser
import Swiftlet

/// `swiftlet inspect weights`: what the numbers of one tensor are like.
struct InspectWeightsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "Show a tensor's statistics, singular values and heat map.",
        discussion: """
            Name the tensor as info prints it, to see it as the file stores it, or by a name that \
            is the same in every format: for GPT-2 wte, wpe, ln1w, ln1b, qkvw, qkvb, attprojw, \
            attprojb, ln2w, ln2b, fcw, fcb, fcprojw, fcprojb, lnfw and lnfb; for Llama tok_emb, \
            rms_att, wq, wk, wv, wo, rms_ffn, w1, w2, w3, rms_final and wcls. By these names, \
            matrices are (out, in). --layer chooses a layer of a tensor that every layer has.

            Numbers stored in fewer bits are shown as the values they stand for. Only a matrix has \
            singular values; for a tensor that holds all layers, choose one with --layer. In the \
            heat map, a cell is darker the larger the root mean square of its numbers.

            Examples:
              swiftlet inspect weights --model checkpoints/quickstart/run --tensor wte
              swiftlet inspect weights --model checkpoints/gpt2 --tensor qkvw --layer 3
              swiftlet inspect weights --model checkpoints/gpt2 --json \\
                --tensor h.0.attn.c_attn.weight
            """
    )

    @OptionGroup
    var options: InspectOptions

    @Option(help: "The name of the tensor.")
    var tensor: ArgumentText

    @Option(help: "The layer, counted from 0, of a tensor that every layer has.", in: .from(0))
    var layer: Int?

    func run() throws {
        let source = try options.source()
        let ops = try options.compute.makeOps()
        let weights = try options.weights(of: source, ops: ops)
        // An adapter changes what the file holds.
        let isInFile = options.model.adapter == nil && source.adapter == nil
        let name = tensor.string
        guard let tensor = try weights.namedTensor(name, layer: layer, isInFile: isInFile) else {
            throw CommandError(
                .wrongUsage,
                unknownTensor(
                    name,
                    weights.tensorNames(inFile: isInFile),
                    isInFile
                        ? "'swiftlet info' lists the tensors of its file"
                        : "with an adapter, use one of the names in 'inspect weights --help'"
                )
            )
        }
        // More width would show no more.
        let columns = min(Terminal.outputColumns, 80)
        let progress = ProgressLine()
        defer { progress.finish() }
        let statistics = try WeightStatistics(
            of: tensor.tensor(),
            isStack: tensor.isStack,
            // The room on a page, or else on a terminal.
            pictureRows: options.output == nil ? 20 : 96,
            pictureColumns: options.output == nil ? max(1, columns - 4) : 96,
            ops: ops
        ) { fraction in
            progress.show("singular values: \(Int(100 * fraction))%")
        }
        progress.finish()
        let part = InspectPage.Part.weights(
            name: tensor.name,
            layer: tensor.layer,
            statistics
        )
        if try options.draw({ options.page(of: part, source, nil, TokenNames(nil)) }) { return }
        let report = WeightReport(tensor, statistics)
        if options.json { return try Terminal.printJSON(report) }
        try Terminal.print(report.lines(columns: columns))
    }

    /// What to say about a name that no tensor has; `place` says where to find the names.
    private func unknownTensor(_ name: String, _ names: [String], _ place: String) -> String {
        let shown = DisplayText.escaping(name)
        // Part of a name may stand for the names that contain it.
        let wanted = name.lowercased()
        var near = name.count < 2 ? [] : names.filter { $0.lowercased().contains(wanted) }
        if near.isEmpty { near = nearestName(to: name, in: names).map { [$0] } ?? [] }
        let list = near.prefix(3).map { "'\(DisplayText.escaping($0))'" }.joined(separator: ", ")
        let hint = near.isEmpty ? "" : " (did you mean \(list)?)"
        return "the model has no tensor '\(shown)'\(hint); \(place)"
    }
}
