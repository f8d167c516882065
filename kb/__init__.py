"""The knowledge base: entries, the evidence they give for a question, and the backlog of what has no answer.

Imports nothing of the app around it. Functions take a ``session`` first and never commit: the edge does.
"""
