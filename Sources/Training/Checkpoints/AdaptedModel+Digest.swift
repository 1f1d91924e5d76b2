// Which weights an adapter is trained on: the adapter of a run that goes on over others would be
// another one.

import LanguageModels
import TokenData

extension AdaptedModel {
    /// A checksum of the weights below the adapter, as they are stored.
    /// - Throws: What reading them throws.
    func digestOfFrozenWeights() throws -> String {
        // Of each plane first: only the last block of a checksum may be of any size.
        var digests = ""
        for weight in sizes.weights {
            try frozenWeights.tensor(weight).withUnsafeBytes { values, scales in
                for bytes in [values, scales] {
                    var digest = ContentDigest()
                    digest.update(bytes)
                    digests += digest.hexadecimal
                }
            }
        }
        var digest = ContentDigest()
        digests.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
        return digest.hexadecimal
    }
}
