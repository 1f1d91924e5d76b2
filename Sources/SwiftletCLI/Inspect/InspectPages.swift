// The pages that the commands of `inspect` draw with --output: their headings, and where they go.

import Swiftlet

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension InspectOptions {
    /// Draws the page, if asked for, and prints its path or the page itself.
    /// - Parameter page: Makes the page.
    /// - Returns: Whether nothing else should be printed; the object of --json still is.
    /// - Throws: What `page` throws; ``FileIOError`` when the page cannot be written.
    func draw(_ page: () throws -> InspectPage) throws -> Bool {
        guard let output else { return false }
        let page = try page()
        if output == "-" {
            try Terminal.write(page.source)
            return true
        }
        try page.write(to: output, overwrite: overwrite)
        if json { return false }
        try Terminal.print("\(output)", besideOutput: output)
        return true
    }

    /// What a page says about its model.
    /// - Parameters:
    ///   - source: The model.
    ///   - precision: How it was run; nil if only its weights were used.
    /// - Returns: Its name, its sizes and the time.
    func subject(of source: ModelSource, _ precision: PrecisionOptions?) -> InspectPage.Subject {
        let configuration = source.configuration
        let layers = counted(configuration.layerCount, "layer")
        let types = Set(source.weights.tensors.map { "\($0.storedType)" }).sorted()
        let type = precision?.weights?.rawValue ?? types.joined(separator: ", ")
        let facts = [
            "\(configuration.parameterCount.grouped) parameters",
            "\(layers) of \(counted(configuration.headCount, "head"))", type,
            (model.adapter ?? source.adapter?.path).map {
                "with the adapter \($0.lastComponent?.string ?? "\($0)")"
            },
        ]
        return InspectPage.Subject(
            // The name of a run says little without the directory above it.
            model: source.path.components.suffix(2).map(\.string).joined(separator: "/"),
            facts: facts.compactMap { $0 },
            seconds: Double(time(nil))
        )
    }

    /// A page with one part that is not about a prompt.
    func page(
        of part: InspectPage.Part,
        _ source: ModelSource,
        _ precision: PrecisionOptions?,
        _ names: TokenNames
    ) -> InspectPage {
        InspectPage(subject(of: source, precision), parts: [part], text: names.text)
    }
}

extension NeuronReport {
    /// How many neurons a page has room for.
    private static let mostNeurons = 50

    /// The most active neurons, as a part of a page.
    var part: InspectPage.Part {
        let ranked = neurons.enumerated()
            .sorted { left, right in
                let (a, b) = (left.element.top.first, right.element.top.first)
                let activations = (a?.activation ?? -.infinity, b?.activation ?? -.infinity)
                return activations.0 == activations.1
                    ? left.offset < right.offset : activations.0 > activations.1
            }
            .prefix(Self.mostNeurons).map(\.element)
        let examples = ranked.map { neuron in
            NeuronExamples(
                neuron: neuron.neuron,
                top: neuron.top.map { place in
                    NeuronExamples.Example(
                        activation: place.activation,
                        token: place.token,
                        text: place.parts.token,
                        before: place.parts.before,
                        after: place.parts.after
                    )
                }
            )
        }
        return .neurons(layer: layer, examples, of: neurons.count)
    }
}
