/// A question about a model that has no answer; `description` is one sentence for the user.
public enum InterpretabilityError: Error, Equatable, Sendable {
    /// A token that the model does not know.
    case tokenOutsideVocabulary(token: Int32, vocabularySize: Int)
    /// No tokens at all.
    case noTokens
    /// Only texts of one token, where every prediction needs a token before it.
    case noPairs
    /// More tokens than the model can see.
    case tooManyTokens(count: Int, maximum: Int)
    /// A block that the model does not have.
    case layerOutOfRange(layer: Int, count: Int)
    /// A head that no block of the model has.
    case headOutOfRange(head: Int, count: Int)
    /// A neuron that no feed-forward network of the model has.
    case neuronOutOfRange(neuron: Int, count: Int)
    /// A context too short to repeat anything.
    case contextTooShort(Int)
    /// Weights that produce infinity or NaN; `values` names the affected results.
    case notFinite(_ values: String)
    /// A token whose embedding is all zeros or not finite, so that no other can be near it.
    case noDirection(token: Int32)
}

extension InterpretabilityError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tokenOutsideVocabulary(let token, let vocabularySize):
            "there is no token \(token): the model knows \(vocabularySize) tokens, counted from 0"
        case .noTokens:
            "there is no token to look at; give a text of at least one"
        case .noPairs:
            "no text has two tokens, so there is nothing to predict or to look back at; give a "
                + "longer one"
        case .tooManyTokens(let count, let maximum):
            "a text of \(count) tokens is longer than the \(maximum) that the model can see; "
                + "shorten it, or use a model with a larger context"
        case .layerOutOfRange(let layer, let count):
            "there is no layer \(layer): the model has \(count), counted from 0"
        case .headOutOfRange(let head, let count):
            "there is no head \(head): each layer has \(count), counted from 0"
        case .neuronOutOfRange(let neuron, let count):
            "there is no neuron \(neuron): each layer has \(count), counted from 0"
        case .contextTooShort(let length):
            "a context of \(length) tokens is too short to repeat random tokens in; use a model "
                + "with a context of at least 4"
        case .notFinite(let values):
            "some \(values) of the model are not finite; its weights are damaged, or its training "
                + "diverged: use an earlier checkpoint"
        case .noDirection(let token):
            "the embedding of token \(token) is all zeros or not finite, so it has no neighbors; "
                + "choose another token"
        }
    }
}
