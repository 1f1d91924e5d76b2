// Questions with several endings to choose from, as HellaSwag (Zellers et al. 2019) asks them. The
// files they come in are read in the extensions beside this file; choosing is Training's.

import Tokenization

/// A context and the endings it might have, one of which it really had.
public struct MultipleChoiceExample: Sendable, Equatable {
    /// The tokens all endings follow; never none.
    public let context: [TokenID]
    /// Two endings or more, none of them without tokens.
    public let endings: [[TokenID]]
    /// The index of the right ending.
    public let label: Int

    /// A question that keeps what its properties promise.
    public init(context: [TokenID], endings: [[TokenID]], label: Int) {
        if let problem = Self.problem(context: context, endings: endings, label: label) {
            preconditionFailure(problem)
        }
        self.context = context
        self.endings = endings
        self.label = label
    }

    /// What keeps these from being a question, in words that a sentence can go on with.
    static func problem(context: [TokenID], endings: [[TokenID]], label: Int) -> String? {
        if context.isEmpty { return "the context is empty" }
        if endings.count < 2 {
            return "there must be 2 endings or more, but there are \(endings.count)"
        }
        if endings.contains(where: \.isEmpty) { return "an ending is empty" }
        if !endings.indices.contains(label) {
            return "the label is \(label), but the \(endings.count) endings have "
                + "0 to \(endings.count - 1)"
        }
        return nil
    }
}
