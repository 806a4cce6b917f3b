"""Keywords: config has the options, seq2seq trains a model that writes them, bart is one from nothing, samples shows what it writes, onnx_export makes
it ready to serve; synonym_mining finds words of one meaning.
"""
