"""Pure rules of phrases: words in one form, phrases, the kinds of rules, and what they find."""
