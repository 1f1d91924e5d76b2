// Opening the model in a GGUF file, of either family.

import TensorFiles
import Tensors

/// A model in a GGUF file, which says more about it than its sizes.
package protocol GGUFModel {
    /// What the file says about the model, its tokenizer and its conversations.
    var metadata: GGUFMetadata { get }
}

/// The weights in a GGUF file.
struct GGUFWeights<Configuration: ModelConfiguration>: ModelWeights, GGUFModel {
    let metadata: GGUFMetadata
    private let archived: ArchivedWeights<Configuration>

    /// Takes the tensors of a model of these sizes.
    /// - Throws: `TensorFileError` when one is missing or has another shape.
    init(_ configuration: Configuration, naming: WeightNaming, in file: GGUFFile) throws {
        metadata = file.metadata
        archived = try ArchivedWeights(
            configuration,
            in: file.archive,
            naming: naming,
            format: .gguf
        )
    }

    var configuration: Configuration { archived.configuration }
    var format: ModelFormat { archived.format }
    var tensors: [StoredTensor] { archived.tensors }

    func elementType(of weight: ModelWeight) throws -> ElementType {
        try archived.elementType(of: weight)
    }

    func tensor(_ weight: ModelWeight) throws -> Tensor { try archived.tensor(weight) }
}

/// Opens the weights in a GGUF file.
/// - Throws: ``ModelError`` or `TensorFileError` when its model is of another architecture, lacks a
///   size or a tensor, or computes something ours do not.
func openWeights(in file: GGUFFile) throws -> any ModelWeights {
    let sizes = try GGUFSizes(file)
    switch sizes.architecture {
    case GPT2Configuration.ggufArchitecture:
        let configuration = try GPT2Configuration(sizes)
        try requireTiedHead(file.archive)
        return try GGUFWeights(configuration, naming: configuration.ggufNaming, in: file)
    case Llama2Configuration.ggufArchitecture:
        let configuration = try Llama2Configuration(sizes, in: file.archive)
        return try GGUFWeights(configuration, naming: configuration.ggufNaming, in: file)
    default:
        throw TensorFileError.unsupported(
            path: file.archive.path,
            reason: "its model has the architecture '\(sizes.architecture)'",
            hint: "use one with 'gpt2' or 'llama'"
        )
    }
}

/// Refuses a GPT-2 whose head differs from its token embedding.
///
/// Some files repeat the embedding as a head, perhaps rounded to a different number of bits. A few
/// rows tell that from weights of its own.
private func requireTiedHead(_ archive: TensorArchive) throws {
    guard let head = archive[GGUFTensorNames.output],
        let embedding = archive[GGUFTensorNames.tokenEmbedding]
    else { return }
    let rows = 16
    var (difference, magnitude) = (0.0, 0.0)
    if head.shape == embedding.shape, !head.shape.isEmpty {
        let pair = try [head, embedding].map { try $0.firstRows(rows).floats().floats() }
        for (a, b) in zip(pair[0], pair[1]) {
            difference += Double((a - b) * (a - b))
            magnitude += Double(b * b)
        }
    } else {
        difference = .infinity
    }
    // Four bits are off by about a tenth, different weights by more than the whole value.
    guard difference <= 0.25 * magnitude else {
        throw TensorFileError.unsupported(
            path: archive.path,
            reason: "its head ('\(head.name)') has weights of its own, unlike a GPT-2's",
            hint: "use a GPT-2 whose head is its token embedding"
        )
    }
}
