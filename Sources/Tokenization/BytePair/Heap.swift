// A binary heap: the next merge of a long word, and of the trainer. The standard library has none.

/// A priority queue whose first element is the smallest.
struct Heap<Element: Comparable> {
    private var elements: [Element]

    /// Orders `elements`.
    /// - Complexity: O(count).
    init(_ elements: [Element] = []) {
        self.elements = elements
        for index in (0..<elements.count / 2).reversed() { siftDown(from: index) }
    }

    /// Adds an element.
    /// - Complexity: O(log count).
    mutating func insert(_ element: Element) {
        var index = elements.count
        elements.append(element)
        while index > 0 {
            let parent = (index - 1) / 2
            if elements[parent] <= element { break }
            elements[index] = elements[parent]
            index = parent
        }
        elements[index] = element
    }

    /// Removes and returns the smallest element.
    /// - Complexity: O(log count).
    mutating func popMinimum() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let minimum = elements.first else { return last }
        elements[0] = last
        siftDown(from: 0)
        return minimum
    }

    private mutating func siftDown(from start: Int) {
        let element = elements[start]
        var index = start
        while true {
            var child = 2 * index + 1
            if child >= elements.count { break }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            if element <= elements[child] { break }
            elements[index] = elements[child]
            index = child
        }
        elements[index] = element
    }
}

extension Heap: Sendable where Element: Sendable {}
