"""The app: conversations, the queue, the desk and the pages around the knowledge base."""
