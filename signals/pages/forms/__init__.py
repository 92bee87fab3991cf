"""What people type on the pages of signals, checked.

Uses what signals/pages uses.
"""
