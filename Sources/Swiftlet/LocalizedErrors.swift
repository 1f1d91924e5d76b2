// Foundation's `localizedDescription` of the library's errors: the same sentence as `description`.
// It is all in one place, so that the targets below do not need Foundation for it; an error missing
// from this list fails a test.

import FileIO
import Inference
import Interpretability
import LanguageModels
import TensorFiles
import Tensors
import TextGeneration
import TokenData
import Tokenization
import Training

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension FileIOError: LocalizedError {
    public var errorDescription: String? { description }
}

extension InferenceError: LocalizedError {
    public var errorDescription: String? { description }
}

extension InterpretabilityError: LocalizedError {
    public var errorDescription: String? { description }
}

extension ModelError: LocalizedError {
    public var errorDescription: String? { description }
}

extension OpeningError: LocalizedError {
    public var errorDescription: String? { description }
}

extension PreparationError: LocalizedError {
    public var errorDescription: String? { description }
}

extension TensorError: LocalizedError {
    public var errorDescription: String? { description }
}

extension TensorFileError: LocalizedError {
    public var errorDescription: String? { description }
}

extension TextGenerationError: LocalizedError {
    public var errorDescription: String? { description }
}

extension TokenDataError: LocalizedError {
    public var errorDescription: String? { description }
}

extension TextTokenizerError: LocalizedError {
    public var errorDescription: String? { description }
}

extension TrainingError: LocalizedError {
    public var errorDescription: String? { description }
}

extension UnexpectedFileError: LocalizedError {
    public var errorDescription: String? { description }
}
