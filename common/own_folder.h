/* The folder that the running program's file stands in: its siblings and what was installed with it
 * are found from there, wherever that is. Nothing here is bound to a thread. */
#ifndef COMMON_OWN_FOLDER_H
#define COMMON_OWN_FOLDER_H

/* The path of `relative` below that folder ("ringcast-ctl", "../web"), as it is written: nothing
 * looks whether anything is there. The caller frees it; NULL with errno when this process does
 * not see its own file. */
char *own_folder_path(const char *relative);

#endif
