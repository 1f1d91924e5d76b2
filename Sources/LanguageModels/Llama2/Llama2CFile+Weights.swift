// The weights of llama2.c's checkpoints as tensors. int8 groups stay as they are where each block
// of 32 columns lies within one of them, also when groups go across the ends of rows.

import FileIO
import TensorFiles
import Tensors

extension Llama2CFile: Llama2WeightSource {
    func tensor(_ weight: Llama2Weight, layer: Int) throws -> Tensor {
        let stored = self.stored(weight, layer: layer)
        guard let scales = try scales(weight, layer: layer)?.floats(), let groupSize else {
            return try stored.tensor()
        }
        let blockSize = ElementType.blockSize
        guard stored.shape[1] % blockSize == 0, groupSize % blockSize == 0 else {
            return try Self.floats(stored, scales, groupSize: groupSize)
        }
        // Several blocks have the scale of their group.
        let blockScales = try TensorBuffer(byteCount: stored.count / blockSize * 4)
        scales.withUnsafeElements(as: Float.self) { groups in
            Tensor(blockScales, shape: [stored.count / blockSize])
                .withUnsafeMutableElements(as: Float.self) { blocks in
                    for i in blocks.indices { blocks[i] = groups[i * blockSize / groupSize] }
                }
        }
        return Tensor(
            stored.file,
            byteOffset: stored.byteRange.lowerBound,
            scalesStorage: blockScales,
            shape: stored.shape,
            elementType: .q8_f32
        )
    }

    /// All weights, kind by kind; scales are left out.
    var tensors: [StoredTensor] {
        configuration.weights.flatMap { weight in
            configuration.layers(of: weight).map {
                stored(weight, layer: $0)
            }
        }
    }

    /// int8 times the scale of its group.
    private static func floats(
        _ stored: StoredTensor,
        _ scales: Tensor,
        groupSize: Int
    ) throws -> Tensor {
        let tensor = try Tensor(zeros: stored.shape)
        try stored.withIntactBytes { bytes in
            scales.withUnsafeElements(as: Float.self) { scales in
                tensor.withUnsafeMutableElements(as: Float.self) { elements in
                    for i in elements.indices {
                        elements[i] = Float(Int8(bitPattern: bytes[i])) * scales[i / groupSize]
                    }
                }
            }
        }
        return tensor
    }
}
