// The weights of llama2.c's checkpoints as tensors. int8 groups stay as they are where each block
// of 32 columns lies within one of them, also when groups go across the ends of rows.

import FileIO
import TensorFiles
import Tensors

extension Llama2CFile: ModelWeights {
    public var format: ModelFormat {
        .llama2c(version: Int(version.rawValue), groupSize: groupSize)
    }

    public func tensor(_ weight: ModelWeight) throws -> Tensor {
        let (kind, layer) = (weight.llama2Kind, weight.layerIndex)
        let stored = self.stored(kind, layer: layer)
        guard let scales = try scales(kind, layer: layer)?.floats(), let groupSize else {
            return try stored.tensor()
        }
        let blockSize = ElementType.blockSize
        guard elementType(of: weight) == .q8_f32 else {
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

    public func elementType(of weight: ModelWeight) -> ElementType {
        guard let groupSize, weight.role != .norm,
            weight.shape[1] % ElementType.blockSize == 0, groupSize % ElementType.blockSize == 0
        else { return .float32 }
        return .q8_f32
    }

    /// All weights, kind by kind; scales are left out.
    public var tensors: [StoredTensor] {
        configuration.weights.map { stored($0.llama2Kind, layer: $0.layerIndex) }
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
