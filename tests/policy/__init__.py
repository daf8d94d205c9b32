"""Tests of the policy as data: files, mistakes, examples, the directory."""
