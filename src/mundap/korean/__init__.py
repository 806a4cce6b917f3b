"""Korean text: normal form, morphemes, sentences, search tokens. Kiwi is loaded at first use."""
