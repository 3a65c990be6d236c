"""The engine: pure. Settings, memory and an observation go in, a decision with reasons comes out."""
