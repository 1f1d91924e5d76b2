// What `info` says of the adapter that a run trains.

import Swiftlet

/// A low-rank adapter, and the model that it changes.
struct AdapterInfo: Encodable {
    let path: ReportedPath
    /// The model that it was trained on, as its files name it.
    let base: String?
    /// Left out of JSON: the model's own keys are there, or are not.
    private let isBaseThere: Bool
    let ranks: [Int]
    let layers: Int
    let parameters: Int

    private enum CodingKeys: String, CodingKey {
        case path, base, ranks, layers, parameters
    }

    /// Takes what the adapter's files say of it.
    init(_ adapter: LowRankAdapter, isBaseThere: Bool) {
        path = ReportedPath(adapter.path)
        base = adapter.baseModel
        self.isBaseThere = isBaseThere
        ranks = adapter.ranks
        layers = adapter.layerCount
        parameters = adapter.parameterCount
    }

    /// Adds the same for people to the facts of a run.
    func describe(in facts: inout Table) {
        let ranks = ranks.map(\.grouped).joined(separator: ", ")
        facts.append(
            "adapter",
            "LoRA of rank \(ranks) in \(counted(layers, "linear layer")), \(parameters.grouped) "
                + "parameters"
        )
        let name = base.map { DisplayText.escaping($0) } ?? "not named"
        facts.append("of the model", isBaseThere ? name : "\(name), and no model is there")
    }
}
