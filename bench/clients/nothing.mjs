// A program that does nothing, for what a process costs before it does. No types: stripping them takes longer.
