// Proves before the first story that none can go wrong: every reference leads to a word, no list
// leads back to itself, no choice can make a story too long, and no plot makes only stories without
// words.

/// Follows everything that one plot can reach, and measures the longest text it can become.
struct StoryGrammarChecker {
    /// What a template can become.
    private struct Extent {
        /// The most bytes of text.
        var length = 0
        /// How deeply lists can nest.
        var depth = 0
        /// The chance that it becomes nothing, or nothing but spaces.
        var blankChance = 1.0

        /// Makes this the extent of this followed by `other`.
        mutating func extend(by other: Extent) {
            length += other.length
            depth = max(depth, other.depth)
            blankChance *= other.blankChance
        }

        /// The extent of either this or `other`, which is as likely as `weights` say.
        func or(_ other: Extent, weights: (own: Int, other: Int)) -> Extent {
            let share = Double(weights.other) / Double(weights.own + weights.other)
            return Extent(
                length: max(length, other.length),
                depth: max(depth, other.depth),
                blankChance: blankChance + (other.blankChance - blankChance) * share
            )
        }
    }

    private let grammar: StoryGrammar
    /// The forms of the roles filled so far, and the text that each can be.
    private var cast: [String: [String: Extent]] = [:]
    /// The extent of each list's first column, once known.
    private var extents: [String: Extent] = [:]
    /// The lists on the way to the template being measured.
    private var open: Set<String> = []
    private var reached: Set<String> = []

    private init(_ grammar: StoryGrammar) {
        self.grammar = grammar
    }

    /// Checks every plot, and that every list is used by one.
    /// - Throws: ``StoryGrammarError`` naming the file and line.
    static func check(_ grammar: StoryGrammar) throws {
        var reached: Set<String> = []
        for plot in grammar.plots {
            var checker = StoryGrammarChecker(grammar)
            try checker.check(plot)
            reached.formUnion(checker.reached)
        }
        // Only a list that some plot reaches has been checked; an unused one is usually a
        // misspelled reference.
        if let unused = grammar.lists.keys.filter({ !reached.contains($0) }).min() {
            throw list(unused, of: grammar).source.error(
                "no plot uses the list '\(unused)'; use it or remove it"
            )
        }
    }

    private mutating func check(_ plot: Plot) throws {
        guard !plot.paragraphs.isEmpty else {
            throw plot.source.error("the plot '\(plot.title)' has no sentences")
        }
        for role in plot.roles { try fill(role) }
        var (length, blankChance) = (0, 1.0)
        for step in plot.paragraphs.joined() {
            let extent = try extent(of: step.alternatives)
            // The space or the two line ends before the next sentence.
            length += extent.length + 2
            blankChance *= step.isOptional ? (1 + extent.blankChance) / 2 : extent.blankChance
        }
        guard length <= StoryGrammar.longestStory else {
            throw plot.source.error(
                "a story of '\(plot.title)' could have \(length) characters; at most "
                    + "\(StoryGrammar.longestStory) are allowed"
            )
        }
        guard blankChance <= StoryGrammar.mostBlankStories else {
            throw plot.source.error(
                "a story of '\(plot.title)' would \(blankChance == 1 ? "always" : "nearly always") "
                    + "be empty; give it a sentence with words"
            )
        }
    }

    private mutating func fill(_ role: Plot.Role) throws {
        if grammar.lists[role.name] != nil || cast[role.name] != nil {
            throw role.source.error("'\(role.name)' already has a meaning; choose another name")
        }
        // Lists with different columns may share a role, which then has the columns of all.
        var forms: [String: Extent]?
        var rowCount = 0
        for name in role.lists {
            guard let list = grammar.lists[name] else {
                throw role.source.error("there is no list '\(name)'")
            }
            var own: [String: Extent] = [:]
            _ = try measure(list: name, calledAt: role.source)
            for (index, column) in list.columns.enumerated() {
                own[column] = try extent(of: list.rows.map { $0[index] })
                // The cells are text by the time the role is mentioned.
                own[column]?.depth = 0
            }
            // The first column is referred to by the role's bare name.
            own[""] = own[list.columns[0]]
            for form in list.forms where own[form] == nil {
                own[form] = Extent(length: "himself".count, blankChance: 0)
            }
            let weights = (rowCount, list.rows.count)
            forms =
                forms.map { earlier in
                    earlier.filter { own[$0.key] != nil }
                        .merging(own.filter { earlier[$0.key] != nil }) {
                            $0.or($1, weights: weights)
                        }
                } ?? own
            rowCount += list.rows.count
        }
        cast[role.name] = forms
    }

    /// The extent of any one of `templates`.
    private mutating func extent(of templates: [StoryTemplate]) throws -> Extent {
        var result = Extent()
        for (index, template) in templates.enumerated() {
            result = try result.or(measure(template), weights: (index, 1))
        }
        return result
    }

    private mutating func measure(_ template: StoryTemplate) throws -> Extent {
        var result = Extent()
        for piece in template.pieces {
            switch piece {
            case .text(let text):
                result.length += text.utf8.count
                if StoryTemplate.hasWords(text) { result.blankChance = 0 }
            case .choice(let choices): try result.extend(by: extent(of: choices))
            case .reference(let reference):
                try result.extend(by: measure(reference, at: template.source))
                if reference.hasArticle {
                    result.length += "an ".count
                    result.blankChance = 0
                }
            }
            // Checked piece by piece, so that the sum cannot overflow.
            guard result.length <= StoryGrammar.longestStory else {
                throw template.source.error(
                    "this could become longer than \(StoryGrammar.longestStory) characters"
                )
            }
        }
        return result
    }

    private mutating func measure(
        _ reference: StoryTemplate.Reference,
        at source: StorySource
    ) throws -> Extent {
        if let forms = cast[reference.name] {
            guard let extent = forms[reference.form ?? ""] else {
                throw source.error(
                    "'{\(reference.text)}': the role '\(reference.name)' has only the forms "
                        + forms.keys.filter { !$0.isEmpty }.sorted().joined(separator: ", ")
                )
            }
            return extent
        }
        guard grammar.lists[reference.name] != nil else {
            throw source.error(
                "'{\(reference.text)}': there is no list '\(reference.name)' and no such role yet"
            )
        }
        guard reference.form == nil else {
            throw source.error(
                "'{\(reference.text)}': only a role has forms; fill one from the list "
                    + "'\(reference.name)'"
            )
        }
        return try measure(list: reference.name, calledAt: source)
    }

    private mutating func measure(
        list name: String,
        calledAt source: StorySource
    ) throws -> Extent {
        reached.insert(name)
        if let extent = extents[name] { return extent }
        let list = Self.list(name, of: grammar)
        guard !list.rows.isEmpty else { throw list.source.error("the list '\(name)' has no rows") }
        guard open.insert(name).inserted else {
            throw source.error("the list '\(name)' leads back to itself")
        }
        defer { open.remove(name) }
        // Checked on the way down, to end this recursion, and on the way up, because lists measured
        // earlier may be nested below.
        let tooDeep = source.error(
            "lists are nested more than \(StoryGrammar.deepestNesting) deep"
        )
        guard open.count <= StoryGrammar.deepestNesting else { throw tooDeep }
        var result = try extent(of: list.rows.map { $0[0] })
        result.depth += 1
        guard result.depth <= StoryGrammar.deepestNesting else { throw tooDeep }
        extents[name] = result
        return result
    }

    private static func list(_ name: String, of grammar: StoryGrammar) -> WordList {
        guard let list = grammar.lists[name] else {
            preconditionFailure("the list '\(name)' was looked up without asking whether it exists")
        }
        return list
    }
}
