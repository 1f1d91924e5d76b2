// What `swiftlet` alone says: the three things that people do first, each ready to be pasted.

/// The first words to somebody who has just installed the program.
enum Greeting {
    /// The greeting, with its commands in lines that begin with two spaces.
    static let text = """
        Swiftlet trains language models and lets them write, on a CPU.

        Talk to a model:
          swiftlet fetch smollm2-135m-instruct
          swiftlet chat --model checkpoints/smollm2-135m-instruct

        Train one of your own, on stories that are made here or on any text of yours:
          swiftlet stories --bytes 1000000 --output stories.txt
          swiftlet tokenizer train stories.txt --vocabulary-size 1024 \\
            --output tokenizer.bin
          swiftlet train --init layers=2,heads=4,channels=128,context=128 \\
            --text stories.txt --tokenizer tokenizer.bin --batch-size 8 \\
            --learning-rate 2e-3 --steps 1000 --output runs/first

        Let it write, and see how it learnt:
          swiftlet sample --model runs/first --prompt "One rainy day,"
          swiftlet report runs/first

        'swiftlet --help' lists the commands, 'swiftlet train --help' the flags of one.

        """
}
