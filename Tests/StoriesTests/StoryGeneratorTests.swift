// How stories are generated from a grammar: seeds, roles, pronouns, articles, choices, files of any
// size.

import Stories
import TestSupport
import Testing

/// A generator of the stories of one small grammar.
private func generator(_ grammar: String, seed: UInt64 = 1) throws -> StoryGenerator {
    try withTemporaryDirectory { directory in
        try writeStoryFile(grammar, to: directory)
        return StoryGenerator(grammar: try StoryGrammar(directory: directory), seed: seed)
    }
}

/// The texts of the first `count` stories of a small grammar.
private func texts(_ grammar: String, count: Int = 50) throws -> Set<String> {
    var generator = try generator(grammar)
    return Set((0..<count).map { _ in generator.next().text })
}

@Suite struct StoryGeneratorTests {
    @Test func aMarkThatJoinsASpaceIsAWord() throws {
        #expect(try texts("[plot P]\n\n{|}\n\u{301}\n", count: 2) == [" \u{301}"])
    }

    private let people = """
        [words people: name, he]
        Anna | she
        Ben | he
        Echo | it

        """

    @Test func aSeedDecidesTheStories() throws {
        let grammar = "[words n]\none\ntwo\nthree\nfour\n[plot P]\n\n{n} {n} {n}\n"
        func sequence(seed: UInt64) throws -> [Story] {
            var generator = try generator(grammar, seed: seed)
            return (0..<40).map { _ in generator.next() }
        }
        #expect(try sequence(seed: 5) == sequence(seed: 5))
        #expect(try sequence(seed: 5) != sequence(seed: 6))
    }

    @Test func aRoleStaysTheSameAndItsPronounsAgree() throws {
        let stories = try texts(
            people
                + "[plot P]\nhero = people\n\n{Hero} saw {himself}. {He} took {his} hat to {him}."
        )
        #expect(
            stories == [
                "Anna saw herself. She took her hat to her.",
                "Ben saw himself. He took his hat to him.",
                "Echo saw itself. It took its hat to it.",
            ]
        )
    }

    @Test func twoRolesOfOneListAreNeverTheSame() throws {
        let stories = try texts(
            people + "[plot P]\nhero = people\nfriend = people\n\n{hero} {friend}"
        )
        #expect(stories.count == 6)
        #expect(!stories.contains("Ben Ben"))
    }

    @Test func aRoleMayComeFromSeveralLists() throws {
        let stories = try texts(
            people + "[words more: name]\nFox\n[plot P]\nhero = people, more\n\n{hero}"
        )
        #expect(stories == ["Anna", "Ben", "Echo", "Fox"])
    }

    @Test func cellsAreExpandedOnceForARole() throws {
        let stories = try texts(
            "[words things: name]\n{red|blue} ball\n[plot P]\nhero = things\n\n{hero}, {hero}"
        )
        #expect(stories == ["red ball, red ball", "blue ball, blue ball"])
    }

    @Test func articlesFollowTheSoundAfterThem() throws {
        let stories = try texts(
            "[words n]\napple\npear\nhour\nunicorn\n[plot P]\n\n{A n} and {a n}, {a n}, {a n}"
        )
        for story in stories {
            #expect(story.hasPrefix("A"))
            for phrase in ["an apple", "a pear", "an hour", "a unicorn"] {
                #expect(story.lowercased().contains(phrase))
            }
        }
    }

    @Test func optionalSentencesComeAndGo() throws {
        #expect(try texts("[plot P]\n\nOne.\n? Two.\n") == ["One.", "One. Two."])
    }

    @Test func oneOfARunOfAlternativesIsTold() throws {
        #expect(
            try texts("[plot P]\n\n| One.\n| Two.\n\n| Three.\n") == [
                "One.\n\nThree.", "Two.\n\nThree.",
            ]
        )
    }

    @Test func aParagraphThatIsLeftOutLeavesNoGap() throws {
        #expect(
            try texts("[plot P]\n\nOne.\n\n? Two.\n\nThree.\n") == [
                "One.\n\nThree.", "One.\n\nTwo.\n\nThree.",
            ]
        )
    }

    @Test func indentedLinesContinueTheLineBefore() throws {
        #expect(
            try texts("[plot P]\n\nOne {two|\n    two}\n  three.\n") == [
                "One two three.", "One  two three.",
            ]
        )
    }

    @Test func wholeStoriesAreWrittenUntilTheBytesAreReached() throws {
        var generator = try generator("[plot P]\n\nTwelve bytes\n")
        var text = ""
        generator.write(byteCount: 13) { text += $0 }
        #expect(text == "Twelve bytes\n<|endoftext|>Twelve bytes\n")
    }

    @Test func nothingIsWrittenForNoBytes() throws {
        var generator = try generator("[plot P]\n\nWords\n")
        generator.write(byteCount: 0) { Issue.record("wrote '\($0)'") }
    }
}
