// Foundation's `localizedDescription` of the library's errors: the same sentence as `description`.
// It is all in one place, so that the targets below do not need Foundation for it; an error missing
// from this list fails a test.

import Collectives
import Downloads
import FileIO
import Inference
import Interpretability
import LanguageModels
import Reports
import Stories
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

extension CollectiveError: LocalizedError {
    public var errorDescription: String? { description }
}

extension DownloadError: LocalizedError {
    public var errorDescription: String? { description }
}

extension FileIOError: LocalizedError {
    public var errorDescription: String? { description }
}

extension GenerationServiceError: LocalizedError {
    public var errorDescription: String? { description }
}

extension InferenceError: LocalizedError {
    public var errorDescription: String? { description }
}

extension InterpretabilityError: LocalizedError {
    public var errorDescription: String? { description }
}

extension Mismatch: LocalizedError {
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

extension ReportError: LocalizedError {
    public var errorDescription: String? { description }
}

extension StoryGrammarError: LocalizedError {
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
