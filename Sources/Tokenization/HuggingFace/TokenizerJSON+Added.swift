// The added tokens of a tokenizer.json and of the files beside it.

import FileIO

extension TokenizerJSON {
    /// An added token and its name.
    struct Added {
        var token: AddedToken
        var name: String
    }

    /// The added tokens of this file, and those of the files beside it that it lacks.
    func addedTokens(_ companions: TokenizerCompanions) throws -> [Added] {
        var added: [Added] = []
        for value in settings["added_tokens"]?.array ?? [] {
            guard let id = value["id"]?.integer, let token = Self.added(value, id: id) else {
                throw malformed("an added token", "an object with id and content", "another")
            }
            added.append(token)
        }
        var (ids, names) = (Set(added.map(\.token.id)), Set(added.map(\.name)))
        guard ids.count == added.count, names.count == added.count else {
            throw malformed("the added tokens", "all different", "two of the same id or name")
        }
        for token in companions.addedTokens where !names.contains(token.name) {
            guard ids.insert(token.token.id).inserted else { continue }
            names.insert(token.name)
            added.append(token)
        }
        return added.filter { !$0.name.isEmpty }
    }

    /// Reads an added token, whose id may stand beside it.
    static func added(_ value: JSONTree, id: Int) -> Added? {
        guard let name = value["content"]?.string, let id = TokenID(exactly: id), id >= 0 else {
            return nil
        }
        func flag(_ name: String) -> Bool? { value[name]?.bool }
        let isSpecial = flag("special") ?? false
        return Added(
            token: AddedToken(
                id: id,
                isSpecial: isSpecial,
                takesSpaceBefore: flag("lstrip") ?? false,
                takesSpaceAfter: flag("rstrip") ?? false,
                isNormalized: flag("normalized") ?? !isSpecial,
                isWholeWord: flag("single_word") ?? false
            ),
            name: name
        )
    }
}
