"""Texts in English and Chinese: language, sentences, terms, numbers, dates, names, Markdown."""
