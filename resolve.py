# takes upstream's side of conflicts in Makefile, then adds ours
import re,sys
s=open('Makefile').read()
s=re.sub(r'<<<<<<< [^\n]*\n(.*?)=======\n.*?>>>>>>> [^\n]*\n', r'\1', s, flags=re.S)
s=s.replace('UNIT_DETECTOR := annotate boxes demand layout','UNIT_DETECTOR := annotate boxes camera_counts demand layout')
open('Makefile','w').write(s)
