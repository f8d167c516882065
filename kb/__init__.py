"""The knowledge base: entries, the evidence they give for a question, and the backlog of what they do not answer.

Imports nothing of the app around it. Functions take a ``session`` first and never commit: the edge does.
"""
