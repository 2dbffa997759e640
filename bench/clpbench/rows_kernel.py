def w4(b): return []
def w8(b): return []
