// What somebody meant who mistyped a name: the nearest of the names that there are, if one is near.

/// The name that `text` was probably meant to be.
/// - Parameters:
///   - text: What was typed.
///   - names: Those it could have been.
/// - Returns: A name that `text` begins, or else the one that is most alike; nil when none is.
func nearestName(to text: String, in names: [String]) -> String? {
    let text = text.lowercased()
    // Two letters begin too many words by chance.
    if text.count > 2, let name = names.first(where: { $0.hasPrefix(text) }) { return name }
    let mistakes = names.map { mistakeCount(Array(text), Array($0)) }
    guard let fewest = mistakes.min(), fewest <= min(2, text.count / 2) else { return nil }
    return mistakes.firstIndex(of: fewest).map { names[$0] }
}

/// How many letters were left out, added, replaced or exchanged with the next one, at least.
///
/// This is the distance of Damerau and Levenshtein for texts in which no letter is changed twice.
private func mistakeCount(_ first: [Character], _ second: [Character]) -> Int {
    var rows = [Array(0...second.count)]
    for (i, letter) in first.enumerated() {
        var row = [i + 1]
        for (j, other) in second.enumerated() {
            var count = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (letter == other ? 0 : 1))
            if i > 0, j > 0, letter == second[j - 1], first[i - 1] == other {
                count = min(count, rows[i - 1][j - 1] + 1)
            }
            row.append(count)
        }
        rows.append(row)
    }
    return rows[first.count][second.count]
}
