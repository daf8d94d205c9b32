"""The policy as data: who the parties are, what the agreements say, whom to wake, and in which words.

``models`` and ``texts`` are the shapes, ``load`` reads the YAML files of a policy directory and names every
mistake with file and line, ``directory`` reads the private file of people that never goes on a topic.
"""
