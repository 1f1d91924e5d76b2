// The stories of data/stories as a reader and a trainer see them: grammatical, varied, endless.

import FileIO
import Stories
import Testing

/// The grammar of the repository, told once for all tests of this file.
private enum Corpus {
    static let directory: FilePath = FilePath(#filePath)
        .removingLastComponent()
        .removingLastComponent()
        .removingLastComponent()
        .appending("data")
        .appending("stories")
    static let stories: Result<[Story], any Error> = Result {
        var generator = StoryGenerator(grammar: try StoryGrammar(directory: directory), seed: 7)
        return (0..<5_000).map { _ in generator.next() }
    }

    static let paragraphs = stories.map { stories in
        stories.flatMap {
            $0.text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.isEmpty }
        }
    }

    /// The different pairs of words that stand next to each other in a paragraph.
    static let neighbours = paragraphs.map { paragraphs in
        var pairs: Set<[Substring]> = []
        for paragraph in paragraphs {
            let words = paragraph.split(separator: " ", omittingEmptySubsequences: false)
            for (word, next) in zip(words, words.dropFirst()) { pairs.insert([word, next]) }
        }
        return pairs.map { ($0[0], $0[1]) }
    }
}

@Suite struct StoryCorpusTests {
    @Test func theBuiltInGrammarIsThatOfTheDirectory() throws {
        let grammar = try StoryGrammar(directory: Corpus.directory)
        #expect(StoryGrammar().plotTitles == grammar.plotTitles)
        var (builtIn, read) = (
            StoryGenerator(grammar: StoryGrammar(), seed: 3),
            StoryGenerator(grammar: grammar, seed: 3)
        )
        for _ in 0..<1000 { #expect(builtIn.next() == read.next()) }
    }

    @Test func everyPlotIsToldAndThereAreAtLeast25() throws {
        let titles = try StoryGrammar(directory: Corpus.directory).plotTitles
        #expect(titles.count >= 25)
        #expect(Set(try Corpus.stories.get().map(\.plotTitle)) == Set(titles))
    }

    @Test func storiesAreRarelyTheSame() throws {
        let stories = try Corpus.stories.get()
        let distinct = Set(stories.map(\.text)).count
        #expect(stories.count - distinct < stories.count / 200)
    }

    @Test func storiesHaveAFewParagraphsAndFitASmallContext() throws {
        for story in try Corpus.stories.get() {
            #expect(500...1_500 ~= story.text.utf8.count, "\(story.plotTitle)")
            #expect(story.text.contains("\n\n"), "\(story.plotTitle)")
        }
    }

    @Test func vocabularyIsSmall() throws {
        let words = Set(try Corpus.neighbours.get().flatMap { [$0, $1] })
        let bare = Set(words.map { $0.lowercased().filter { $0.isLetter || $0 == "'" } })
        #expect(700...1_500 ~= bare.count)
    }

    @Test func nothingIsLeftToFillIn() throws {
        let allowed = Set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,!?'\"\n".unicodeScalars
        )
        for story in try Corpus.stories.get() {
            #expect(story.text.unicodeScalars.allSatisfy(allowed.contains), "\(story.text)")
        }
    }

    @Test func paragraphsBeginWithACapitalAndEndWithAStop() throws {
        for paragraph in try Corpus.paragraphs.get() {
            #expect(paragraph.drop { $0 == "\"" }.first?.isUppercase == true, "\(paragraph)")
            #expect(".!?\"".contains(paragraph.last ?? " "), "\(paragraph)")
            #expect(paragraph.count { $0 == "\"" }.isMultiple(of: 2), "\(paragraph)")
        }
    }

    @Test func sentencesBeginWithACapital() throws {
        for (word, next) in try Corpus.neighbours.get()
        where word.hasSuffix(".") || word.hasSuffix("?") {
            #expect(next.drop { $0 == "\"" }.first?.isUppercase == true, "\(word) \(next)")
        }
    }

    @Test func spacesAndStopsStandAlone() throws {
        let stops = Set(".,!?")
        for (word, next) in try Corpus.neighbours.get() {
            #expect(!word.isEmpty && !next.isEmpty)
            #expect(next.first.map(stops.contains) != true, "\(word) \(next)")
            let last = word.filter { $0 != "\"" }.suffix(2)
            #expect(last.count < 2 || !last.allSatisfy(stops.contains), "\(word)")
        }
    }

    @Test func articlesAgreeWithTheWordAfterThem() throws {
        for (word, next) in try Corpus.neighbours.get() {
            let article = word.drop { $0 == "\"" }.lowercased()
            guard article == "a" || article == "an" else { continue }
            let isVowel = next.lowercased().first.map("aeiou".contains) == true
            #expect(isVowel == (article == "an"), "\(word) \(next)")
        }
    }

    @Test func noWordIsDoubled() throws {
        for (word, next) in try Corpus.neighbours.get() {
            #expect(word != next, "\(word) \(next)")
        }
    }
}
