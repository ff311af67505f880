"""PF-14: a morning. Two thousand people sign on at the realm and open their home page within five minutes."""
