"""The stage that joins facts and says what became of the controls."""
