//! Tests that hold the text, the code and the layers together.
